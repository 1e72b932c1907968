"""The travel desk: a world of travellers, a timetable, bookings and money, and the tools of the desk's agent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from random import Random

from evalplat.harness.simulate import Domain

from .background import INCOMING, PAGES, bookings
from .booking_tools import (
    cancel_booking,
    change_booking,
    correct_name,
    hold_departure,
    hold_hotel,
    join_waiting_list,
    leave_waiting_list,
    override_price,
    request_group_offer,
)
from .contact_tools import add_note, hand_off, open_page, send_email, submit_documents
from .payment_tools import (
    ask_approval,
    bill_company,
    charge_card,
    check_approval,
    issue_voucher,
    record_consent,
    redeem_points,
    refund,
)
from .people import COMPANIES, travellers
from .reading import (
    convert_currency,
    find_traveller,
    quote_cancellation,
    quote_change,
    read_incoming,
    search_departures,
    search_hotels,
    show_booking,
    show_documents,
    verify_traveller,
)
from .state import TravelDesk
from .timetable import departures, hotels


def start(random: Random) -> TravelDesk:
    """Monday, 11 May 2026, nine o'clock."""
    return TravelDesk.model_validate_json(_written(random.getrandbits(64)))


@lru_cache(maxsize=8)
def _written(seed: int) -> str:
    """The beginning as JSON: every trial of every scenario begins with it, and reading it is faster than drawing it."""
    random = Random(seed)  # noqa: S311 - not for secrets
    people, timetable = travellers(random), departures(random)
    desk = TravelDesk(
        now=datetime(2026, 5, 11, 9),
        rates={"EUR": Decimal(1), "GBP": Decimal("1.17"), "CHF": Decimal("1.04"), "USD": Decimal("0.92")},
        travellers=people,
        companies=dict(COMPANIES),
        departures=timetable,
        hotels=hotels(),
        bookings=bookings(random, timetable, {key: who.name for key, who in people.items()}),
        incoming=dict(INCOMING),
        pages=dict(PAGES),
    )
    return desk.model_dump_json()


DOMAIN = Domain(
    name="travel_desk",
    state=TravelDesk,
    start=start,
    tools=(
        find_traveller,
        verify_traveller,
        search_departures,
        search_hotels,
        show_booking,
        quote_cancellation,
        quote_change,
        convert_currency,
        read_incoming,
        show_documents,
        hold_departure,
        hold_hotel,
        change_booking,
        cancel_booking,
        correct_name,
        join_waiting_list,
        leave_waiting_list,
        request_group_offer,
        record_consent,
        ask_approval,
        check_approval,
        charge_card,
        bill_company,
        redeem_points,
        refund,
        issue_voucher,
        add_note,
        send_email,
        open_page,
        submit_documents,
        override_price,
        hand_off,
    ),
    latency_s={"search_departures": 0.8, "search_hotels": 0.8, "charge_card": 1.5, "refund": 1.5, "ask_approval": 0.5},
)
