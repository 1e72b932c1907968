"""Tools that move money, or say who agreed to it: amounts are whole cents, and a repeated key pays once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import Field

from evalplat.harness.simulate import ToolError

from .reading import Positive
from .rules import booking_of, points_value, to_pay_cents
from .state import (
    Approval,
    Approver,
    Booking,
    Card,
    Consent,
    Currency,
    Payment,
    Refund,
    RefundReason,
    TravelDesk,
    Voucher,
)

INVOICE = "invoice"
Key = Annotated[str, Field(min_length=4, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Words = Annotated[str, Field(min_length=1, max_length=400)]
Entry = TypeVar("Entry", Payment, Refund, Voucher)


def record_consent(
    desk: TravelDesk, booking_id: str, amount_cents: Positive, currency: Currency, words: Words
) -> dict[str, Any]:
    """Write down that the traveller agreed to pay exactly this amount, in their own words of this conversation."""
    booking_of(desk, booking_id)
    consent = Consent(booking=booking_id, amount_cents=amount_cents, currency=currency, words=words)
    if consent not in desk.consents:
        desk.consents.append(consent)
    return {"booking_id": booking_id, "amount_cents": amount_cents, "currency": currency, "recorded": True}


def ask_approval(
    desk: TravelDesk, booking_id: str, approver: Approver, amount_cents: Positive, reason: Words
) -> dict[str, Any]:
    """Ask the duty manager, or the approver of the traveller's company, for a payment or refund on a booking."""
    booking = booking_of(desk, booking_id)
    if approver == "company" and desk.travellers[booking.traveller].company is None:
        raise ToolError("the traveller belongs to no company")
    for approval_id, entry in desk.approvals.items():
        if (entry.booking, entry.approver, entry.amount_cents) == (booking_id, approver, amount_cents):
            return {"approval_id": approval_id, "status": entry.status}
    approval_id = f"A{len(desk.approvals) + 1}"
    desk.approvals[approval_id] = Approval(
        booking=booking_id, approver=approver, amount_cents=amount_cents, currency=booking.currency, reason=reason
    )
    return {"approval_id": approval_id, "status": "pending"}


def check_approval(desk: TravelDesk, approval_id: str) -> dict[str, Any]:
    """Whether an approval was given: pending, approved or declined."""
    if approval_id not in desk.approvals:
        raise ToolError(f"there is no approval {approval_id!r}")
    entry = desk.approvals[approval_id]
    if entry.status == "pending":
        company = desk.travellers[desk.bookings[entry.booking].traveller].company
        theirs = entry.approver == "company" and company is not None
        answer = desk.companies[company].answer if theirs and company else desk.manager_answer
        entry.status = {"approves": "approved", "declines": "declined", "silent": "pending"}[answer]  # type: ignore[assignment]
    return {"approval_id": approval_id, **entry.model_dump(mode="json")}


def charge_card(
    desk: TravelDesk, booking_id: str, card_id: str, amount_cents: Positive, currency: Currency, idempotency_key: Key
) -> dict[str, Any]:
    """Charge a stored card of the booking's traveller. The same key again charges nothing and gives the same answer."""
    booking = booking_of(desk, booking_id)
    cards = desk.travellers[booking.traveller].cards
    if card_id not in cards:
        raise ToolError(f"the traveller has no card {card_id!r}")
    entry = Payment(booking=booking_id, card=card_id, amount_cents=amount_cents, currency=currency, key=idempotency_key)
    return _pay(desk, booking, entry, cards[card_id])


def bill_company(desk: TravelDesk, booking_id: str, amount_cents: Positive, idempotency_key: Key) -> dict[str, Any]:
    """Put a booking on the invoice of the traveller's company. The same key again bills nothing."""
    booking = booking_of(desk, booking_id)
    if desk.travellers[booking.traveller].company is None:
        raise ToolError("the traveller belongs to no company")
    entry = Payment(
        booking=booking_id, card=INVOICE, amount_cents=amount_cents, currency=booking.currency, key=idempotency_key
    )
    return _pay(desk, booking, entry, None)


def redeem_points(desk: TravelDesk, booking_id: str, points: Positive) -> dict[str, Any]:
    """Pay part of a hold with the traveller's points, in hundreds: 100 points are worth one euro."""
    booking = booking_of(desk, booking_id)
    traveller = desk.travellers[booking.traveller]
    if booking.status != "held":
        raise ToolError(f"booking {booking_id} is {booking.status}")
    if points % 100:
        raise ToolError("points are redeemed in hundreds")
    if points > traveller.points:
        raise ToolError(f"the traveller has {traveller.points} points")
    if points_value(desk, points, booking.currency) > to_pay_cents(desk, booking):
        raise ToolError("that is more than is to pay")
    traveller.points -= points
    booking.points_used += points
    if to_pay_cents(desk, booking) <= 0:
        booking.status = "confirmed"
    return {"booking_id": booking_id, "points_left": traveller.points, "to_pay_cents": to_pay_cents(desk, booking)}


def refund(
    desk: TravelDesk, booking_id: str, amount_cents: Positive, reason: RefundReason, idempotency_key: Key
) -> dict[str, Any]:
    """Pay money back the way it was paid. The same key again pays nothing and gives the same answer."""
    booking = booking_of(desk, booking_id)
    entry = Refund(
        booking=booking_id,
        amount_cents=amount_cents,
        currency=booking.currency,
        reason=reason,
        key=idempotency_key,
    )
    if not _known(desk.refunds, entry):
        left = booking.paid_cents - booking.refunded_cents
        if amount_cents > left:
            raise ToolError(f"only {left} cents of what was paid are left")
        desk.refunds.append(entry)
        booking.refunded_cents += amount_cents
    return {"booking_id": booking_id, "amount_cents": amount_cents, "currency": booking.currency, "status": "refunded"}


def issue_voucher(
    desk: TravelDesk, booking_id: str, amount_cents: Positive, reason: Words, idempotency_key: Key
) -> dict[str, Any]:
    """Issue a travel voucher in euros to the traveller of a booking."""
    booking_of(desk, booking_id)
    entry = Voucher(booking=booking_id, amount_cents=amount_cents, reason=reason, key=idempotency_key)
    if not _known(desk.vouchers, entry):
        desk.vouchers.append(entry)
    return {"booking_id": booking_id, "amount_cents": amount_cents, "currency": "EUR", "status": "issued"}


def _pay(desk: TravelDesk, booking: Booking, entry: Payment, card: Card | None) -> dict[str, Any]:
    if not _known(desk.payments, entry):
        if booking.status == "cancelled":
            raise ToolError(f"booking {entry.booking} is cancelled")
        if entry.currency != booking.currency:
            raise ToolError(f"booking {entry.booking} is priced in {booking.currency}")
        if card is not None and card.expires < f"{desk.now:%Y-%m}":
            raise ToolError(f"the card ending in {card.last4} has expired")
        desk.payments.append(entry)
        booking.paid_cents += entry.amount_cents
        if booking.status == "held" and to_pay_cents(desk, booking) <= 0:
            booking.status = "confirmed"
    return {
        "booking_id": entry.booking,
        "amount_cents": entry.amount_cents,
        "currency": entry.currency,
        "status": "paid",
    }


def _known(entries: Sequence[Entry], entry: Entry) -> bool:
    """Whether this very thing was done under its key. Raises ToolError where the key stands for something else."""
    for other in entries:
        if other.key == entry.key:
            if other != entry:
                raise ToolError("this idempotency_key was used for something else")
            return True
    return False
