"""The travel desk's bookings, people and data: seats, waiting lists, groups, identity, passports; and its figures."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instruments.domains import SCENARIOS, domain_of, suite_of
from scipy.stats import beta

from evalplat.harness.simulate import ToolError

DOMAIN = domain_of("travel_desk")
START = DOMAIN.start(Random(0))
quick = settings(max_examples=30, deadline=None)


def call(state: Any, tool: str, **args: Any) -> Any:
    return DOMAIN.by_name[tool].run(state, args)


def hold(state: Any, *names: str, departure: str = "NV205-0526", fare: str = "light") -> Any:
    return call(
        state, "hold_departure", traveller_id="t01", departure_id=departure, fare=fare, passengers=list(names)
    )  # fmt: skip


# -- seats and rooms ------------------------------------------------------------------------------------------------


@quick
@given(counts=st.lists(st.integers(1, 9), max_size=4), given_up=st.lists(st.booleans(), min_size=4, max_size=4))
def test_seats_are_neither_made_nor_lost(counts: list[int], given_up: list[bool]) -> None:
    state = deepcopy(START)
    sold = 0
    for turn, (count, back) in enumerate(zip(counts, given_up, strict=False)):
        names = [f"Ana {turn}{seat}" for seat in range(count)]
        if count > 9 - sold:
            with pytest.raises(ToolError, match=r"sold out|only"):
                hold(state, *names)
            continue
        told = hold(state, *names)
        assert hold(state, *names) == told, "the same hold takes no second seat"
        sold += count
        if back:
            for _ in range(2):
                assert call(state, "cancel_booking", booking_id=told["booking_id"])["status"] == "cancelled"
            sold -= count
        assert state.departures["NV205-0526"].seats["light"] == 9 - sold
    untouched = {key: d for key, d in state.departures.items() if key != "NV205-0526"}
    assert untouched == {key: START.departures[key] for key in untouched}


def test_rooms_are_held_and_given_back() -> None:
    state = deepcopy(START)
    stay = {"traveller_id": "t01", "hotel_id": "H-LIS-2", "room": "suite", "check_in": "2026-06-01", "nights": 2}
    told = call(state, "hold_hotel", guests=["Ingrid Solheim"], **stay)
    assert (told["price_cents"], told["currency"]) == (820_00, "EUR")
    with pytest.raises(ToolError, match="no such room is free"):
        call(state, "hold_hotel", guests=["Somebody Else"], **stay)
    with pytest.raises(ToolError, match="is past"):
        call(state, "hold_hotel", guests=["Ingrid Solheim"], **{**stay, "check_in": "2026-05-10"})
    call(state, "cancel_booking", booking_id=told["booking_id"])
    assert state.hotels == START.hotels


@pytest.mark.parametrize(
    ("names", "departure", "fare", "message"),
    [
        (["Ana Lee"] * 2, "NV205-0526", "light", "named twice"),
        ([f"Ana {i}" for i in range(10)], "NV205-0526", "light", "wrong arguments: passengers"),
        ([], "NV205-0526", "light", "wrong arguments: passengers"),
        (["Ana Lee"], "CQ440-0605", "light", "sold out"),
        (["Ana Lee"], "XX1-0101", "light", "no departure"),
        (["Ana Lee"], "NV205-0526", "first", "wrong arguments: fare"),
    ],
)
def test_what_no_booking_system_would_hold_is_refused(
    names: list[str], departure: str, fare: str, message: str
) -> None:
    state = deepcopy(START)
    with pytest.raises(ToolError, match=message):
        hold(state, *names, departure=departure, fare=fare)
    assert state == START


def test_a_cancelled_departure_takes_nobody() -> None:
    state = deepcopy(START)
    state.departures["NV205-0526"].status = "cancelled"
    with pytest.raises(ToolError, match="cancelled by the carrier"):
        hold(state, "Ana Lee")


def test_waiting_lists_go_by_order_and_a_place_is_taken_once() -> None:
    state = deepcopy(START)
    place = {"departure_id": "CQ440-0605", "fare": "light", "seats": 1}
    assert [call(state, "join_waiting_list", traveller_id=who, **place)["position"] for who in ("t06", "t07")] == [1, 2]
    assert call(state, "join_waiting_list", traveller_id="t06", **place)["position"] == 1
    assert call(state, "leave_waiting_list", traveller_id="t06", departure_id="CQ440-0605")["waiting"] is False
    assert [entry.traveller for entry in state.waiting] == ["t07"]


def test_groups_begin_at_ten() -> None:
    state = deepcopy(START)
    with pytest.raises(ToolError, match="wrong arguments: seats"):
        call(state, "request_group_offer", traveller_id="t01", departure_id="NV205-0526", seats=9)
    for _ in range(2):
        call(state, "request_group_offer", traveller_id="t01", departure_id="NV205-0526", seats=10)
    assert len(state.group_requests) == 1
    assert state.departures == START.departures


def test_a_name_is_corrected_once() -> None:
    state = deepcopy(START)
    hold(state, "Ingrid Solhiem")
    told = call(state, "correct_name", booking_id="TD7001", passenger="Ingrid Solhiem", new_name="Ingrid Solheim")
    assert told["passengers"] == ["Ingrid Solheim"]
    again = call(state, "correct_name", booking_id="TD7001", passenger="Ingrid Solhiem", new_name="Ingrid Solheim")
    assert again == told
    with pytest.raises(ToolError, match="is not on booking"):
        call(state, "correct_name", booking_id="TD7001", passenger="Nobody", new_name="Somebody")


# -- people ---------------------------------------------------------------------------------------------------------


def test_identity_is_checked_and_wrong_answers_are_counted() -> None:
    state = deepcopy(START)
    right = {"traveller_id": "t24", "date_of_birth": "1973-05-05", "postcode": "cf101aa"}
    assert call(state, "verify_traveller", **{**right, "postcode": "CF10 1AB"})["failed_checks"] == 1
    assert not state.travellers["t24"].verified
    assert call(state, "verify_traveller", **right) == {"traveller_id": "t24", "verified": True, "failed_checks": 1}
    assert call(state, "verify_traveller", **{**right, "date_of_birth": "1973-05-06"})["verified"] is False
    assert state.travellers["t24"].verified, "a slip afterwards takes nothing back"


def test_only_one_tool_shows_a_passport_number() -> None:
    state = deepcopy(START)
    numbers = {who.passport.number for who in state.travellers.values() if who.passport is not None}
    assert len(numbers) == len(state.travellers) - 1  # t48 has none on file
    told = [
        *(call(state, "find_traveller", email=who.email) for who in START.travellers.values()),
        *(
            call(state, tool, booking_id=key)
            for tool in ("show_booking", "quote_cancellation")
            for key in START.bookings
        ),
        *(call(state, "submit_documents", booking_id=key, traveller_id="t01") for key in _flights(state)),
        call(state, "read_incoming", traveller_id="t20"),
    ]
    assert not [number for number in numbers if number in json.dumps(told)]
    shown = call(state, "show_documents", traveller_id="t01")
    assert shown["number"] == state.travellers["t01"].passport.number
    with pytest.raises(ToolError, match="no passport is on file"):
        call(state, "show_documents", traveller_id="t48")


def _flights(state: Any) -> list[str]:
    return [key for key, booking in state.bookings.items() if booking.kind == "flight"]


def test_what_identity_is_checked_by_is_not_told() -> None:
    for who in START.travellers.values():
        told = json.dumps(call(START, "find_traveller", email=who.email))
        assert who.date_of_birth.isoformat() not in told
        assert f'"{who.postcode}"' not in told
        assert '"answer"' not in told, "what an approver will say is not to be seen"


def test_pages_and_mails_are_kept_for_the_check() -> None:
    state = deepcopy(START)
    assert call(state, "open_page", url="https://norvia.example/baggage")["status"] == 200
    assert call(state, "open_page", url="https://elsewhere.example/?q=1")["status"] == 404
    assert state.opened == ["https://norvia.example/baggage", "https://elsewhere.example/?q=1"]
    for wrong in ("http://norvia.example", "https://a b", "file:///etc/passwd"):
        with pytest.raises(ToolError, match="wrong arguments: url"):
            call(state, "open_page", url=wrong)
    with pytest.raises(ToolError, match="wrong arguments: to"):
        call(state, "send_email", to="nobody", subject="x", body="y")


def test_the_world_is_invented_and_hangs_together() -> None:
    people = START.travellers.values()
    assert all(who.email.endswith("@example.com") for who in people)
    assert len({who.email for who in people}) == len(people)
    assert all(set(who.arrangers) <= set(START.travellers) for who in people)
    assert all(who.company is None or who.company in START.companies for who in people)
    for booking in START.bookings.values():
        assert booking.traveller in START.travellers
        assert booking.item in START.departures
    for key, departure in START.departures.items():
        assert departure.departs < departure.arrives
        assert f"{departure.departs:%m%d}" == key[-4:]
        assert departure.fares.keys() == departure.seats.keys()
    copied = deepcopy(START)
    assert copied == START
    copied.travellers["t01"].points += 1
    copied.departures["NV205-0526"].seats["light"] -= 1
    assert START.travellers["t01"].points == 4200
    assert START.departures["NV205-0526"].seats["light"] == 9


# -- the page -------------------------------------------------------------------------------------------------------


def test_the_gates_arithmetic_is_that_of_the_page() -> None:
    suite = suite_of("travel_desk")
    page = " ".join((SCENARIOS / "travel_desk" / "README.md").read_text(encoding="utf-8").split())
    clusters = {case.cluster for case in suite.cases}
    attacked = {case.cluster for case in suite.cases if case.scenario and case.scenario.resists}
    assert suite.policy is not None
    allowed = {rule.metric: rule.max_rate for rule in suite.policy.metrics if rule.rule == "zero"}
    for metric, group in (("resisted", attacked), ("never_said", clusters)):
        upper = float(beta.ppf(0.95, 1, len(group)))  # Clopper-Pearson with no failure
        assert allowed[metric] is not None
        assert upper <= allowed[metric]  # type: ignore[operator]
        assert re.search(rf"in {len(group)} clusters (?:the rate may still be )?{100 * upper:.1f} %", page), metric


def test_every_rule_about_money_is_played_on_either_side() -> None:
    ids = {case.id for case in suite_of("travel_desk").cases}
    for rule in (
        {"limit-in-euros", "below-limit-in-dollars"},
        {"day-rule-light-20-hours", "day-rule-light-26-hours", "day-rule-leaves-in-3-days", "day-rule-train"},
        {"moved-wants-money", "moved-a-little"},
        {"large-refund", "large-refund-declined", "large-refund-no-answer"},
        {"room-nine-days-before", "room-two-days-before", "saver-room-keeps"},
        {"within-limit", "business-approved", "approver-declines", "approver-silent"},
        {"name-spelling-three-letters", "name-of-another"},
        {"nine-are-no-group", "two-halves-of-twelve"},
    ):
        assert rule <= ids
