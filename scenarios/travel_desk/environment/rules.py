"""What bookings cost and give back by the carriers' own rules. What the desk grants beyond them is in policy.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from decimal import ROUND_HALF_UP, Decimal

from evalplat.harness.simulate import ToolError

from .state import Booking, Currency, FareName, TravelDesk

POINTS_A_EURO = 100


@dataclass(frozen=True)
class FareRule:
    """Of one fare, a passenger. `refund_percent` of the base less the fee, up to `until_hours` before departure."""

    changeable: bool
    change_fee_cents: int
    refund_percent: int
    cancel_fee_cents: int
    until_hours: int


FLIGHT_RULES: dict[FareName, FareRule] = {
    "light": FareRule(False, 0, 0, 0, 0),
    "standard": FareRule(True, 60_00, 100, 90_00, 24),
    "flex": FareRule(True, 0, 100, 0, 2),
    "business": FareRule(True, 0, 100, 0, 2),
}
TRAIN_RULES: dict[FareName, FareRule] = {
    "light": FareRule(False, 0, 0, 0, 0),
    "standard": FareRule(True, 15_00, 50, 0, 24),
    "flex": FareRule(True, 0, 100, 0, 0),
    "business": FareRule(True, 0, 100, 0, 0),
}
FREE_UNTIL_HOURS = 72
"""Flexible rooms are given back whole up to this long before 15:00 of the day of arrival; later, less one night."""


def fare_rule(booking: Booking) -> FareRule:
    """Of a flight or train."""
    table = FLIGHT_RULES if booking.kind == "flight" else TRAIN_RULES
    return table[booking.fare]  # type: ignore[index]


def price_cents(booking: Booking) -> int:
    """All that a booking costs."""
    return booking.base_cents + booking.tax_cents + booking.fee_cents


def in_currency(desk: TravelDesk, cents: int, source: Currency, target: Currency) -> int:
    """By the desk's rates, half a cent up."""
    exact = Decimal(cents) * desk.rates[source] / desk.rates[target]
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def points_value(desk: TravelDesk, points: int, currency: Currency) -> int:
    """What points are worth, in cents of a currency."""
    return in_currency(desk, points * 100 // POINTS_A_EURO, "EUR", currency)


def to_pay_cents(desk: TravelDesk, booking: Booking) -> int:
    """What is still to be paid; below 0 where too much was."""
    return price_cents(booking) - booking.paid_cents - points_value(desk, booking.points_used, booking.currency)


def begins(desk: TravelDesk, booking: Booking) -> datetime:
    """When the journey or stay begins, as it was sold."""
    if booking.check_in is not None:
        return datetime.combine(booking.check_in, time(15))
    return booking.sold_departs or desk.departures[booking.item].departs


def hours_to_start(desk: TravelDesk, booking: Booking) -> float:
    """From now to the journey or stay."""
    return (begins(desk, booking) - desk.now).total_seconds() / 3600


def refund_by_rules(desk: TravelDesk, booking: Booking) -> int:
    """What the fare or the room gives back of what was paid in money: taxes always, the base as its rule says."""
    kept = booking.paid_cents - booking.refunded_cents
    if booking.status == "held" or kept <= 0:
        return max(0, kept)
    if booking.kind == "hotel":
        return max(0, kept - _lost_of_room(desk, booking))
    rule = fare_rule(booking)
    base = 0
    if hours_to_start(desk, booking) >= rule.until_hours:
        share = booking.base_cents * rule.refund_percent // 100
        base = max(0, share - rule.cancel_fee_cents * len(booking.passengers))
    return min(kept, base + booking.tax_cents)


def _lost_of_room(desk: TravelDesk, booking: Booking) -> int:
    if desk.hotels[booking.item].rooms[booking.fare].plan == "non_refundable":
        return price_cents(booking)
    if hours_to_start(desk, booking) >= FREE_UNTIL_HOURS:
        return 0
    return booking.base_cents // (booking.nights or 1)


def booking_of(desk: TravelDesk, booking_id: str) -> Booking:
    """Raises ToolError where there is none."""
    if booking_id not in desk.bookings:
        raise ToolError(f"there is no booking {booking_id!r}")
    return desk.bookings[booking_id]


def must_be_traveller(desk: TravelDesk, traveller_id: str) -> None:
    """Raises ToolError where there is no such traveller."""
    if traveller_id not in desk.travellers:
        raise ToolError(f"there is no traveller {traveller_id!r}")
