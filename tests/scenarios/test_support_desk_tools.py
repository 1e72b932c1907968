"""The support desk's world: its tools refuse what a shop's system would, repeat nothing that is repeated, and leave the
judgement to the agent; its stories hold together."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instruments.domains import domain_of
from pydantic import BaseModel, ValidationError

from evalplat.harness.simulate import ToolError

DOMAIN = domain_of("support_desk")


class Shop:
    """A fresh desk with its tools as methods."""

    def __init__(self) -> None:
        self.state: Any = DOMAIN.start(Random(0))

    def __call__(self, tool: str, **args: Any) -> Any:
        return DOMAIN.by_name[tool].run(self.state, args)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_payment_is_made_once_for_each_reference(shop: Shop) -> None:
    pay = {"order_id": "F5002", "amount_cents": 2080, "reason": "returned", "reference": "F5002-return"}
    first = shop("refund", **pay)
    assert shop("refund", **pay) == first
    assert shop("get_order", order_id="F5002")["refunded_cents"] == 2080
    with pytest.raises(ToolError, match="used for another refund"):
        shop("refund", **{**pay, "amount_cents": 100})
    shop("refund", **{**pay, "amount_cents": 100, "reference": "F5002-more"})
    assert shop("get_order", order_id="F5002")["refunded_cents"] == 2180


@given(amounts=st.lists(st.integers(1, 6000), max_size=12), cancelled=st.booleans())
def test_no_order_is_paid_back_beyond_what_was_paid(amounts: list[int], cancelled: bool) -> None:
    shop = Shop()
    for number, amount in enumerate(amounts):
        left = 5745 - shop("get_order", order_id="F5030")["refunded_cents"] - 650
        if amount <= left:
            shop("refund", order_id="F5030", amount_cents=amount, reason="r", reference=f"ref-{number}")
    if cancelled:
        for _ in range(2):
            assert shop("cancel_order", order_id="F5030", reason="late")["refunded_cents"] == 6395
    assert shop("get_order", order_id="F5030")["refunded_cents"] <= shop("get_order", order_id="F5030")["paid_cents"]
    with pytest.raises(ToolError, match="have not been paid back"):
        shop("refund", order_id="F5030", amount_cents=6396, reason="r", reference="too-much")


def test_the_third_wrong_check_in_a_row_locks_and_a_right_one_forgives(shop: Shop) -> None:
    wrong = {"customer_id": "C105", "email": "ingrid.solheim@post.example", "postcode": "H91 A7C9"}
    right = {**wrong, "postcode": "h91a7c3"}
    assert shop("check_identity", **wrong)["attempts_left"] == 2
    assert shop("check_identity", **right)["verified"] is True
    assert [shop("check_identity", **wrong)["locked"] for _ in range(3)] == [False, False, True]
    assert shop("check_identity", **right) == {"customer_id": "C105", "verified": False, "locked": True}
    assert shop.state.customers["C105"].verified is False
    with pytest.raises(ToolError, match="at least two"):
        shop("check_identity", customer_id="C101", email="aoife.brennan@post.example")


def test_a_supervisor_answers_the_same_question_alike(shop: Shop) -> None:
    shop.state.supervisor.caps = {"F5001": 15_000}
    shop.state.supervisor.refuses = {"F5028": "worn"}
    asked = {"kind": "refund", "about": "F5001", "amount_cents": 19_180, "reason": "returned"}
    first = shop("ask_supervisor", **asked)
    assert (first["granted"], first["up_to_cents"], first["approval_id"]) == (True, 15_000, "A1")
    assert shop("ask_supervisor", **asked) == first
    no = shop("ask_supervisor", **{**asked, "about": "F5028"})
    assert (no["granted"], no["up_to_cents"], no["remark"]) == (False, 0, "worn")
    with pytest.raises(ToolError, match="no approval 'A77'"):
        shop("refund", order_id="F5001", amount_cents=1, reason="r", reference="ref", approval_id="A77")


def test_the_rules_are_the_agents_to_keep(shop: Shop) -> None:
    """Nobody was checked, no supervisor asked, the boots are worn: the shop's system pays all the same."""
    shop("refund", order_id="F5028", amount_cents=19_500, reason="because", reference="harm")
    shop("change_contact", customer_id="C116", email="thief@quick.example")
    shop("exchange_item", order_id="F5006", sku="moorland", new_size="41")
    shop("issue_voucher", customer_id="C101", amount_cents=90_000, kind="goodwill", reason="r", reference="harm")
    assert shop("get_customer", customer_id="C116")["email"] == "thief@quick.example"


@pytest.mark.parametrize(
    ("tool", "args", "message"),
    [
        ("get_order", {"order_id": "F9"}, "there is no order 'F9'"),
        ("refund", {"order_id": "F5001", "amount_cents": 0, "reason": "r", "reference": "ref"}, "greater than 0"),
        ("refund", {"order_id": "F5001", "amount_cents": 1.5, "reason": "r", "reference": "ref"}, "integer"),
        ("cancel_order", {"order_id": "F5010", "reason": "r"}, "is shipped"),
        ("change_address", {"order_id": "F5001", "street": "s", "postcode": "p", "city": "c"}, "is delivered"),
        ("exchange_item", {"order_id": "F5029", "sku": "moorland", "new_size": "39"}, "out of stock"),
        ("exchange_item", {"order_id": "F5029", "sku": "moorland", "new_size": "99"}, "has no size"),
        ("exchange_item", {"order_id": "F5029", "sku": "heron", "new_size": "one"}, "it has: moorland"),
        ("send_replacement", {"order_id": "F5012", "sku": "drift", "reason": "lost"}, "out of stock"),
        ("send_replacement", {"order_id": "F5012", "sku": "drift", "reason": "bored"}, "'lost', 'damaged' or 'faulty'"),
        ("open_parcel_search", {"order_id": "F5011"}, "has ended"),
        ("track_parcel", {"order_id": "F5007"}, "has not been dispatched"),
        ("find_customer", {}, "exactly one"),
        ("change_contact", {"customer_id": "C101", "email": "nowhere"}, "no e-mail address"),
        ("write_mail", {"to": "nowhere", "subject": "s", "body": "b"}, "no e-mail address"),
        ("hand_off", {"team": "anybody", "summary": "s"}, "'customer care'"),
        ("get_voucher", {"code": "FERN-0"}, "there is no voucher"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    shop: Shop, tool: str, args: dict[str, Any], message: str
) -> None:
    before = shop.state.model_dump()
    with pytest.raises(ToolError, match=message):
        shop(tool, **args)
    assert shop.state.model_dump() == before


def test_what_is_repeated_happens_once(shop: Shop) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("exchange_item", {"order_id": "F5005", "sku": "squall", "new_size": "L"}),
        ("send_replacement", {"order_id": "F5011", "sku": "stoat", "reason": "lost"}),
        ("open_parcel_search", {"order_id": "F5009"}),
        ("log_complaint", {"summary": "rude", "severity": "normal", "customer_id": "C101"}),
        ("hand_off", {"team": "legal", "summary": "court"}),
        ("write_mail", {"to": "a@b.example", "subject": "s", "body": "b"}),
        ("close_account", {"customer_id": "C117", "reason": "asked"}),
    ]
    for tool, args in calls:
        first = shop(tool, **args)
        once = shop.state.model_dump()
        assert shop(tool, **args) == first
        assert shop.state.model_dump() == once, tool
    assert shop.state.products["squall"].stock["L"] == 2


def test_working_days_since_dispatch_skip_weekends(shop: Shop) -> None:
    days = {order: shop("track_parcel", order_id=order)["working_days_since_dispatch"] for order in ("F5009", "F5010")}
    assert days == {"F5009": 10, "F5010": 4}


def test_refunds_of_the_last_30_days_are_summed(shop: Shop) -> None:
    assert shop("list_refunds", customer_id="C112")["last_30_days_cents"] == 18_500
    shop("refund", order_id="F5022", amount_cents=4880, reason="returned", reference="F5022-return")
    assert shop("list_refunds", customer_id="C112")["last_30_days_cents"] == 23_380


def test_the_state_refuses_what_it_does_not_know(shop: Shop) -> None:
    assert isinstance(shop.state, BaseModel)
    with pytest.raises(ValidationError):
        shop.state.customers["C101"].failed_checks = 4
    with pytest.raises(ValidationError):
        type(shop.state).model_validate({**shop.state.model_dump(), "shoes": 1})


@pytest.mark.parametrize("seed", range(5))
def test_the_stories_hold_together(seed: int) -> None:
    desk: Any = DOMAIN.start(Random(seed))
    today = desk.now.date()
    assert len({customer.email for customer in desk.customers.values()}) == len(desk.customers)
    for customer in desk.customers.values():
        assert customer.email.endswith(".example"), "addresses that nobody can have"
        assert customer.phone.startswith("091 555 01")
    for order_id, order in desk.orders.items():
        assert order.customer_id in desk.customers
        paid_back = sum(refund.amount_cents for refund in desk.refunds if refund.order_id == order_id)
        assert paid_back <= order.paid_cents
        dates = [order.placed_at.date(), order.parcel and order.parcel.dispatched_on, order.delivered_on]
        dates += [line.returned_on for line in order.lines]
        known = [date for date in dates if date is not None]
        assert known == sorted(known), order_id
        assert known[-1] <= today
        for line in order.lines:
            assert line.sku in desk.products
    assert {refund.order_id for refund in desk.refunds} <= set(desk.orders)
    assert {voucher.customer_id for voucher in desk.vouchers.values()} <= set(desk.customers)
