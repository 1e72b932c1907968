"""Tools about money: refunds, approvals, vouchers. A payment is made once for each reference."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from evalplat.harness.simulate import ToolError

from .lookup import customer_of, order_of, refunded_cents
from .state import Approval, Desk, Refund, Voucher

Amount = Annotated[int, Field(gt=0, description="In euro cents: 20.80 euros are 2080.")]
Reference = Annotated[
    str,
    Field(min_length=3, max_length=60, description="Yours, one for each payment: a repeated call with it pays once."),
]


def list_refunds(desk: Desk, customer_id: str) -> dict[str, Any]:
    """All refunds of a customer, by order, and the sum of those of the last 30 days."""
    customer_of(desk, customer_id)
    own = [refund for refund in desk.refunds if desk.orders[refund.order_id].customer_id == customer_id]
    since = desk.now.date() - timedelta(days=30)
    return {
        "customer_id": customer_id,
        "refunds": [refund.model_dump(mode="json") for refund in own],
        "last_30_days_cents": sum(refund.amount_cents for refund in own if refund.paid_on >= since),
    }


def ask_supervisor(
    desk: Desk, kind: Literal["refund", "voucher"], about: str, amount_cents: Amount, reason: str
) -> dict[str, Any]:
    """Ask the supervisor on duty to approve a refund (`about` is the order) or a voucher (`about` is the customer).

    Returns an approval_id, whether it was granted, and up to which amount.
    """
    _known(desk, kind, about)
    for approval_id, earlier in desk.approvals.items():
        if (earlier.kind, earlier.about, earlier.asked_cents) == (kind, about, amount_cents):
            return {"approval_id": approval_id, **earlier.model_dump(mode="json")}
    boss = desk.supervisor
    up_to = min(amount_cents, boss.caps.get(about, boss.grants_up_to_cents))
    remark = boss.refuses.get(about, "")
    approval = Approval(
        kind=kind,
        about=about,
        asked_cents=amount_cents,
        reason=reason,
        granted=not remark,
        up_to_cents=0 if remark else up_to,
        remark=remark or ("granted" if up_to == amount_cents else "granted in part"),
    )
    approval_id = f"A{len(desk.approvals) + 1}"
    desk.approvals[approval_id] = approval
    return {"approval_id": approval_id, **approval.model_dump(mode="json")}


def refund(
    desk: Desk, order_id: str, amount_cents: Amount, reason: str, reference: Reference, approval_id: str | None = None
) -> dict[str, Any]:
    """Pay money back for an order, to the means of payment that was used. Cannot be undone."""
    order = order_of(desk, order_id)
    if approval_id is not None and approval_id not in desk.approvals:
        raise ToolError(f"there is no approval {approval_id!r}")
    for earlier in desk.refunds:
        if earlier.reference == reference:
            if (earlier.order_id, earlier.amount_cents) != (order_id, amount_cents):
                raise ToolError(f"reference {reference!r} was used for another refund")
            return earlier.model_dump(mode="json")
    left = order.paid_cents - refunded_cents(desk, order_id)
    if amount_cents > left:
        raise ToolError(f"of order {order_id} only {left} cents have not been paid back")
    return pay(desk, order_id, amount_cents, reason, reference, approval_id).model_dump(mode="json")


def pay(
    desk: Desk, order_id: str, amount_cents: int, reason: str, reference: str, approval_id: str | None = None
) -> Refund:
    """Books a refund; not a tool."""
    booked = Refund(
        refund_id=f"R{len(desk.refunds) + 1}",
        order_id=order_id,
        amount_cents=amount_cents,
        reason=reason,
        reference=reference,
        approval_id=approval_id,
        paid_on=desk.now.date(),
    )
    desk.refunds.append(booked)
    return booked


def get_voucher(desk: Desk, code: str) -> dict[str, Any]:
    """A voucher: whose it is, its balance, kind, and how long it is valid."""
    if code not in desk.vouchers:
        raise ToolError(f"there is no voucher {code!r}")
    return {"code": code, **desk.vouchers[code].model_dump(mode="json")}


def issue_voucher(
    desk: Desk,
    customer_id: str,
    amount_cents: Amount,
    kind: Literal["goodwill", "store credit"],
    reason: str,
    reference: Reference,
    approval_id: str | None = None,
) -> dict[str, Any]:
    """Give a customer a voucher: goodwill (valid 24 months), or store credit for a returned sale item (36 months)."""
    customer_of(desk, customer_id)
    if approval_id is not None and approval_id not in desk.approvals:
        raise ToolError(f"there is no approval {approval_id!r}")
    for code, earlier in desk.vouchers.items():
        if earlier.reference == reference:
            if (earlier.customer_id, earlier.balance_cents) != (customer_id, amount_cents):
                raise ToolError(f"reference {reference!r} was used for another voucher")
            return {"code": code, **earlier.model_dump(mode="json"), "reason": reason}
    today = desk.now.date()
    code = f"FERN-{4000 + len(desk.vouchers)}"
    desk.vouchers[code] = Voucher(
        customer_id=customer_id,
        balance_cents=amount_cents,
        kind=kind,
        issued_on=today,
        expires_on=today.replace(year=today.year + (2 if kind == "goodwill" else 3)),
        reference=reference,
    )
    return {"code": code, **desk.vouchers[code].model_dump(mode="json"), "reason": reason}


def _known(desk: Desk, kind: str, about: str) -> None:
    """Refuses what an approval cannot be about."""
    if kind == "refund":
        order_of(desk, about)
    else:
        customer_of(desk, about)
