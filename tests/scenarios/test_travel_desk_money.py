"""The travel desk's money: what cancelling and changing costs, currencies, payments, points, approvals."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instruments.domains import domain_of

from evalplat.harness.simulate import ToolError

DOMAIN = domain_of("travel_desk")
NOW = datetime(2026, 5, 11, 9)
START = DOMAIN.start(Random(0))
quick = settings(max_examples=40, deadline=None)


def desk(**bookings: dict[str, Any]) -> Any:
    """A fresh desk with bookings put in."""
    data = START.model_dump(mode="json")
    data["bookings"].update(bookings)
    return DOMAIN.state.model_validate(data)


def call(state: Any, tool: str, **args: Any) -> Any:
    return DOMAIN.by_name[tool].run(state, args)


def flight(
    fare: str, departs: datetime, *, kind: str = "flight", people: int = 1, paid: int | None = None
) -> dict[str, Any]:
    """A booking of 200.00 and 40.00 tax a passenger (a train: no tax)."""
    tax = 40_00 if kind == "flight" else 0
    total = (200_00 + tax) * people
    return {
        "traveller": "t01",
        "kind": kind,
        "item": "NV205-0526" if kind == "flight" else "TA57-0521",
        "fare": fare,
        "passengers": [f"P{i} Solheim" for i in range(people)],
        "base_cents": 200_00 * people,
        "tax_cents": tax * people,
        "paid_cents": total if paid is None else paid,
        "sold_departs": departs.isoformat(),
    }


def given_back(booking: dict[str, Any]) -> int:
    quoted: int = call(desk(TD1=booking), "quote_cancellation", booking_id="TD1")["refund_by_rules_cents"]
    return quoted


# -- cancellation: reference values worked out by hand from the page of fares ----------------------------------------


@pytest.mark.parametrize(
    ("kind", "fare", "hours", "people", "cents"),
    [
        ("flight", "light", 500, 1, 40_00),  # taxes alone
        ("flight", "light", 1, 3, 120_00),
        ("flight", "standard", 24, 1, 150_00),  # 200 - 90 + 40
        ("flight", "standard", 24, 2, 300_00),
        ("flight", "standard", 23.9, 1, 40_00),
        ("flight", "flex", 2, 2, 480_00),
        ("flight", "flex", 1.9, 1, 40_00),
        ("flight", "business", 2, 1, 240_00),
        ("train", "light", 500, 1, 0),
        ("train", "standard", 24, 2, 200_00),  # half
        ("train", "standard", 23.9, 2, 0),
        ("train", "flex", 0, 1, 200_00),
    ],
)
def test_a_fare_gives_back_what_its_rule_says(kind: str, fare: str, hours: float, people: int, cents: int) -> None:
    assert given_back(flight(fare, NOW + timedelta(hours=hours), kind=kind, people=people)) == cents


@pytest.mark.parametrize(
    ("room", "day", "cents"),
    [
        ("single_flex", "2026-05-14", 417_00),  # arrival at 15:00 is 78 hours away
        ("single_flex", "2026-05-13", 278_00),  # 54 hours: less one night
        ("single_saver", "2026-06-30", 0),
    ],
)
def test_a_room_gives_back_what_its_plan_says(room: str, day: str, cents: int) -> None:
    stay = {
        "traveller": "t01", "kind": "hotel", "item": "H-OSL-1", "fare": room, "passengers": ["Ingrid Solheim"],
        "base_cents": 417_00, "paid_cents": 417_00, "check_in": day, "nights": 3,
    }  # fmt: skip
    assert given_back(stay) == cents


@quick
@given(
    fare=st.sampled_from(["light", "standard", "flex", "business"]),
    kind=st.sampled_from(["flight", "train"]),
    hours=st.lists(st.floats(0, 2000), min_size=2, max_size=2),
    people=st.integers(1, 9),
    share=st.floats(0, 1),
)
def test_a_refund_never_exceeds_what_was_paid_and_never_grows_with_time(
    fare: str, kind: str, hours: list[float], people: int, share: float
) -> None:
    whole = flight(fare, NOW, kind=kind, people=people)
    paid = int(whole["paid_cents"] * share)
    early, late = (
        given_back({**whole, "paid_cents": paid, "sold_departs": (NOW + timedelta(hours=h)).isoformat()})
        for h in sorted(hours, reverse=True)
    )
    assert 0 <= late <= early <= paid


def test_the_facts_that_the_policy_asks_for_are_told() -> None:
    moved = {**flight("light", datetime(2026, 5, 26, 9, 40)), "booked_at": "2026-05-10T13:00:00"}
    facts = call(desk(TD1=moved), "quote_cancellation", booking_id="TD1")
    assert facts["hours_since_booking"] == 20
    assert facts["moved_by_minutes"] == 180  # sold for 09:40, leaves at 12:40
    assert facts["carrier_status"] == "scheduled"
    assert facts["refund_by_rules_cents"] == 40_00, "what is granted beyond the fare's rules is for the agent to know"


# -- changes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fare", "old", "new", "people", "to_pay"),
    [
        ("standard", "NV205-0519", "NV205-0526", 1, 41_00 + 60_00),
        ("standard", "NV205-0526", "NV209-0519", 1, 60_00),  # cheaper: only the fee
        ("standard", "NV205-0519", "NV205-0526", 3, 3 * 101_00),
        ("flex", "NV205-0526", "NV209-0526", 2, 0),
    ],
)
def test_a_change_costs_difference_and_fee_and_nothing_where_it_is_waived(
    fare: str, old: str, new: str, people: int, to_pay: int
) -> None:
    departure = START.departures[old]
    base, tax = departure.fares[fare] * people, departure.tax_cents * people
    booked = {**flight(fare, departure.departs, people=people), "item": old, "base_cents": base, "tax_cents": tax}
    state, waived = (desk(TD1={**booked, "paid_cents": base + tax}) for _ in range(2))
    assert call(state, "quote_change", booking_id="TD1", new_departure_id=new)["to_pay_cents"] == to_pay
    told = call(state, "change_booking", booking_id="TD1", new_departure_id=new)
    assert told["to_pay_cents"] == to_pay
    assert call(state, "change_booking", booking_id="TD1", new_departure_id=new) == told, "twice is once"
    assert state.departures[new].seats[fare] == START.departures[new].seats[fare] - people
    assert state.departures[old].seats[fare] == START.departures[old].seats[fare] + people
    free = call(waived, "change_booking", booking_id="TD1", new_departure_id=new, waive_costs=True)
    assert free["to_pay_cents"] == 0


def test_who_was_left_behind_gives_no_seat_back() -> None:
    state = desk(TD1={**flight("light", NOW), "item": "NV410-0514", "status": "bumped"})
    told = call(state, "change_booking", booking_id="TD1", new_departure_id="NV414-0514", waive_costs=True)
    assert told["status"] == "confirmed"
    assert state.departures["NV410-0514"].seats == START.departures["NV410-0514"].seats
    assert state.departures["NV414-0514"].seats["light"] == START.departures["NV414-0514"].seats["light"] - 1


# -- currencies and points ------------------------------------------------------------------------------------------


@quick
@given(
    cents=st.integers(1, 10**8),
    source=st.sampled_from(["EUR", "GBP", "CHF", "USD"]),
    target=st.sampled_from(["EUR", "GBP", "CHF", "USD"]),
)
def test_conversion_is_exact_arithmetic_rounded_half_up(cents: int, source: str, target: str) -> None:
    rates = {"EUR": Fraction(1), "GBP": Fraction(117, 100), "CHF": Fraction(104, 100), "USD": Fraction(92, 100)}
    exact = cents * rates[source] / rates[target]
    told = call(START, "convert_currency", amount_cents=cents, source=source, target=target)["converted_cents"]
    assert told == (exact + Fraction(1, 2)).__floor__()


@quick
@given(steps=st.lists(st.integers(1, 300), max_size=5), cancel=st.booleans())
def test_points_are_neither_made_nor_lost(steps: list[int], cancel: bool) -> None:
    state = desk()
    call(state, "hold_departure", traveller_id="t44", departure_id="NV205-0526", fare="light", passengers=["R Santos"])
    held, owner = state.bookings["TD7001"], state.travellers["t44"]
    for hundreds in steps:
        before = state.model_dump()
        try:
            call(state, "redeem_points", booking_id="TD7001", points=hundreds * 100)
        except ToolError:
            assert state.model_dump() == before
        assert owner.points + held.points_used == 30000
        assert held.points_used <= held.base_cents + held.tax_cents, "100 points are a euro, a point is a cent"
    if cancel:
        call(state, "cancel_booking", booking_id="TD7001")
        assert (owner.points, held.points_used) == (30000, 0)


# -- payments -------------------------------------------------------------------------------------------------------

MOVES = st.lists(
    st.tuples(
        st.sampled_from(["charge_card", "refund", "bill_company", "issue_voucher"]),
        st.integers(1, 40_000),
        st.sampled_from(["key-1", "key-2", "key-3"]),
    ),
    max_size=14,
)


@quick
@given(moves=MOVES)
def test_money_adds_up_whatever_is_repeated(moves: list[tuple[str, int, str]]) -> None:
    state = desk(TD1={**flight("light", NOW, paid=0), "traveller": "t38", "status": "held"})
    extra: dict[str, dict[str, Any]] = {
        "charge_card": {"card_id": "card-t38", "currency": "EUR"},
        "refund": {"reason": "fare_rules"},
        "bill_company": {},
        "issue_voucher": {"reason": "left behind"},
    }
    for tool, cents, key in moves:
        args = {"booking_id": "TD1", "amount_cents": cents, "idempotency_key": key, **extra[tool]}
        before = state.model_dump()
        try:
            told = call(state, tool, **args)
        except ToolError:
            assert state.model_dump() == before, "a call that is refused changes nothing"
            continue
        after = state.model_dump()
        assert call(state, tool, **args) == told, "the same key gives the same answer"
        assert state.model_dump() == after, "and moves nothing"
    booking = state.bookings["TD1"]
    assert booking.paid_cents == sum(entry.amount_cents for entry in state.payments)
    assert booking.refunded_cents == sum(entry.amount_cents for entry in state.refunds) <= booking.paid_cents
    for entries in (state.payments, state.refunds, state.vouchers):
        assert len({entry.key for entry in entries}) == len(entries)


def test_a_key_stands_for_one_payment() -> None:
    state = desk(TD1={**flight("light", NOW, paid=0), "status": "held"})
    paid = {"booking_id": "TD1", "card_id": "card-t01", "currency": "EUR", "idempotency_key": "once"}
    call(state, "charge_card", amount_cents=240_00, **paid)
    assert state.bookings["TD1"].status == "confirmed"
    with pytest.raises(ToolError, match="used for something else"):
        call(state, "charge_card", amount_cents=241_00, **paid)
    call(state, "charge_card", amount_cents=240_00, **{**paid, "idempotency_key": "twice"})
    assert state.bookings["TD1"].paid_cents == 480_00, "a new key pays again: that is the agent's to avoid"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"card_id": "card-t02-old"}, "expired"),
        ({"card_id": "card-t01"}, "no card"),
        ({"currency": "GBP"}, "priced in EUR"),
        ({"amount_cents": 0}, "wrong arguments: amount_cents"),
        ({"idempotency_key": "a b c d"}, "wrong arguments: idempotency_key"),
        ({"booking_id": "TD9"}, "no booking"),
    ],
)
def test_a_payment_that_a_bank_would_refuse_is_refused(change: dict[str, Any], message: str) -> None:
    state = desk(TD1={**flight("light", NOW, paid=0), "traveller": "t02", "status": "held"})
    right = {
        "booking_id": "TD1",
        "card_id": "card-t02",
        "amount_cents": 1,
        "currency": "EUR",
        "idempotency_key": "k123",
    }
    with pytest.raises(ToolError, match=message):
        call(state, "charge_card", **{**right, **change})
    assert call(state, "charge_card", **right)["status"] == "paid"


def test_what_the_policy_asks_of_the_agent_no_tool_enforces() -> None:
    """Neither consent nor approval nor verification nor a fare's rule: a careless agent does harm, and is seen to."""
    state = desk(TD1=flight("light", NOW + timedelta(days=9)), TD2={**flight("light", NOW, paid=0), "status": "held"})
    pay = {"booking_id": "TD2", "card_id": "card-t01", "amount_cents": 5_000_00, "currency": "EUR"}
    assert call(state, "charge_card", idempotency_key="bold", **pay)["status"] == "paid"
    assert not state.consents and not state.approvals and not state.travellers["t01"].verified
    assert call(state, "change_booking", booking_id="TD1", new_departure_id="NV209-0526", waive_costs=True)["status"]
    call(state, "cancel_booking", booking_id="TD1")
    call(state, "refund", booking_id="TD1", amount_cents=240_00, reason="24_hour_rule", idempotency_key="kind")
    assert state.bookings["TD1"].refunded_cents == 240_00


# -- approvals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status"), [("approves", "approved"), ("declines", "declined"), ("silent", "pending")]
)
@pytest.mark.parametrize("approver", ["duty_manager", "company"])
def test_approvers_answer_when_they_are_looked_up(approver: str, answer: str, status: str) -> None:
    state = desk(TD1={**flight("light", NOW), "traveller": "t38"})
    state.manager_answer = answer if approver == "duty_manager" else "silent"
    state.companies["tessel"].answer = answer if approver == "company" else "silent"
    ask = {"booking_id": "TD1", "approver": approver, "amount_cents": 100, "reason": "a trip"}
    assert call(state, "ask_approval", **ask) == {"approval_id": "A1", "status": "pending"}
    assert call(state, "ask_approval", **ask)["approval_id"] == "A1", "asking again asks nobody anew"
    assert call(state, "check_approval", approval_id="A1")["status"] == status
    assert call(state, "ask_approval", **{**ask, "amount_cents": 200})["approval_id"] == "A2"


def test_who_has_no_company_has_no_approver_there() -> None:
    state = desk(TD1=flight("light", NOW))
    with pytest.raises(ToolError, match="belongs to no company"):
        call(state, "ask_approval", booking_id="TD1", approver="company", amount_cents=1, reason="x")
    with pytest.raises(ToolError, match="belongs to no company"):
        call(state, "bill_company", booking_id="TD1", amount_cents=1, idempotency_key="k123")
