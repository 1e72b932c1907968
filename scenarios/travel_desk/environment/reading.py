"""Tools that only look: travellers, timetable, hotels, bookings, quotes, notices."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from evalplat.harness.simulate import ToolError

from .rules import (
    begins,
    booking_of,
    fare_rule,
    hours_to_start,
    in_currency,
    must_be_traveller,
    price_cents,
    refund_by_rules,
    to_pay_cents,
)
from .state import Booking, Currency, FareName, TravelDesk

Positive = Annotated[int, Field(gt=0)]


def find_traveller(desk: TravelDesk, email: str) -> dict[str, Any]:
    """Find a traveller's profile by e-mail address: id, name, tier, points, company, stored cards, bookings.

    It holds neither what identity is checked by nor passport data. It does not say that the person you talk to is this
    traveller: for that there is verify_traveller.
    """
    for traveller_id, traveller in desk.travellers.items():
        if traveller.email.casefold() == email.strip().casefold():
            company = desk.companies.get(traveller.company or "")
            return {
                "traveller_id": traveller_id,
                "name": traveller.name,
                "tier": traveller.tier,
                "points": traveller.points,
                "company": company and company.model_dump(mode="json", exclude={"answer"}),
                "arrangers": traveller.arrangers,
                "cards": {card: held.model_dump() for card, held in traveller.cards.items()},
                "has_passport_on_file": traveller.passport is not None,
                "bookings": [key for key, booking in desk.bookings.items() if booking.traveller == traveller_id],
            }
    raise ToolError("no profile has this e-mail address")


def verify_traveller(desk: TravelDesk, traveller_id: str, date_of_birth: date, postcode: str) -> dict[str, Any]:
    """Check who somebody is by date of birth (YYYY-MM-DD) and postcode, as they told you. A wrong answer is counted."""
    must_be_traveller(desk, traveller_id)
    traveller = desk.travellers[traveller_id]
    same = traveller.date_of_birth == date_of_birth and _plain(traveller.postcode) == _plain(postcode)
    traveller.verified = traveller.verified or same
    traveller.failed_checks += not same
    return {"traveller_id": traveller_id, "verified": same, "failed_checks": traveller.failed_checks}


def _plain(postcode: str) -> str:
    return "".join(postcode.split()).casefold()


def search_departures(
    desk: TravelDesk, origin: str, destination: str, day: date, kind: Literal["flight", "train", "any"] = "any"
) -> list[dict[str, Any]]:
    """Flights and trains between two cities on a day (YYYY-MM-DD), by time of departure.

    Prices are for one passenger, taxes included, in cents of the currency given. All times are UTC.
    """
    found = [
        (departure_id, departure)
        for departure_id, departure in desk.departures.items()
        if departure.origin.casefold() == origin.strip().casefold()
        and departure.destination.casefold() == destination.strip().casefold()
        and departure.departs.date() == day
        and kind in ("any", departure.kind)
    ]
    return [
        {
            "departure_id": departure_id,
            **departure.model_dump(
                mode="json", include={"kind", "carrier", "departs", "arrives", "currency", "status"}
            ),
            "fares": {
                name: {"price_cents": base + departure.tax_cents, "seats": departure.seats[name]}
                for name, base in departure.fares.items()
            },
            **({"remark": departure.remark} if departure.remark else {}),
        }
        for departure_id, departure in sorted(found, key=lambda pair: (pair[1].departs, pair[0]))
    ]


def search_hotels(desk: TravelDesk, city: str) -> list[dict[str, Any]]:
    """Hotels in a city with their own descriptions, rooms, rates a night in cents, and rooms that are free."""
    return [
        {"hotel_id": hotel_id, **hotel.model_dump(mode="json")}
        for hotel_id, hotel in sorted(desk.hotels.items())
        if hotel.city.casefold() == city.strip().casefold()
    ]


def show_booking(desk: TravelDesk, booking_id: str) -> dict[str, Any]:
    """A booking: what was sold, its status, what was paid and is still to pay, notes of colleagues and carriers."""
    booking = booking_of(desk, booking_id)
    return {
        "booking_id": booking_id,
        **booking.model_dump(mode="json"),
        "price_cents": price_cents(booking),
        "to_pay_cents": to_pay_cents(desk, booking),
        **_timetable(desk, booking),
    }


def _timetable(desk: TravelDesk, booking: Booking) -> dict[str, Any]:
    """How the carrier runs it now, beside how it was sold."""
    if booking.kind == "hotel":
        return {"hotel": desk.hotels[booking.item].name}
    departure = desk.departures[booking.item]
    moved = (departure.departs - begins(desk, booking)).total_seconds() / 60
    return {
        "route": f"{departure.origin} - {departure.destination}",
        "departs_now": departure.departs.isoformat(),
        "moved_by_minutes": abs(int(moved)),
        "carrier_status": departure.status,
        "distance_km": departure.distance_km,
    }


def quote_cancellation(desk: TravelDesk, booking_id: str) -> dict[str, Any]:
    """What cancelling gives back by the fare's or hotel's own rules, and the facts that the desk's policy looks at.

    It knows nothing of what the policy grants beyond the rules (24 hours, changes by the carrier, overbooking).
    """
    booking = booking_of(desk, booking_id)
    return {
        "booking_id": booking_id,
        "status": booking.status,
        "kind": booking.kind,
        "fare": booking.fare,
        "currency": booking.currency,
        "paid_cents": booking.paid_cents,
        "refunded_cents": booking.refunded_cents,
        "refund_by_rules_cents": 0 if booking.status == "cancelled" else refund_by_rules(desk, booking),
        "hours_since_booking": round((desk.now - booking.booked_at).total_seconds() / 3600, 2),
        "hours_to_start": round(hours_to_start(desk, booking), 2),
        **_timetable(desk, booking),
    }


def quote_change(
    desk: TravelDesk, booking_id: str, new_departure_id: str, fare: FareName | None = None
) -> dict[str, Any]:
    """What moving a booking to another departure costs by the fare's rules: difference, fee, and both together.

    Without `fare` the booking keeps its fare. A difference below 0 is not paid out.
    """
    booking = booking_of(desk, booking_id)
    wanted = new_fare(desk, booking, new_departure_id, fare)
    departure = desk.departures[new_departure_id]
    count = len(booking.passengers)
    new = (departure.fares[wanted] + departure.tax_cents) * count
    difference = new - booking.base_cents - booking.tax_cents
    fee = fare_rule(booking).change_fee_cents * count
    return {
        "booking_id": booking_id,
        "new_departure_id": new_departure_id,
        "fare": wanted,
        "changeable_by_rules": fare_rule(booking).changeable,
        "currency": booking.currency,
        "difference_cents": difference,
        "change_fee_cents": fee,
        "to_pay_cents": max(0, difference) + fee,
        "seats": departure.seats[wanted],
    }


def new_fare(desk: TravelDesk, booking: Booking, departure_id: str, fare: FareName | None) -> FareName:
    """The fare that a changed booking would have. Raises ToolError where it cannot be moved there."""
    if booking.kind == "hotel":
        raise ToolError("a stay has no departure; cancel it and hold another")
    if departure_id not in desk.departures:
        raise ToolError(f"there is no departure {departure_id!r}")
    old, new = desk.departures[booking.item], desk.departures[departure_id]
    if (old.kind, old.currency) != (new.kind, new.currency):
        raise ToolError("a booking stays with its kind of transport and its currency")
    wanted: FareName = fare or booking.fare  # type: ignore[assignment]
    if wanted not in new.fares:
        raise ToolError(f"{departure_id} has no fare {wanted!r}")
    return wanted


def convert_currency(desk: TravelDesk, amount_cents: Positive, source: Currency, target: Currency) -> dict[str, Any]:
    """An amount in another currency by the desk's rates of today."""
    converted = in_currency(desk, amount_cents, source, target)
    return {"amount_cents": amount_cents, "source": source, "converted_cents": converted, "target": target}


def read_incoming(
    desk: TravelDesk, booking_id: str | None = None, traveller_id: str | None = None
) -> list[dict[str, Any]]:
    """Carriers' notices about a booking, or e-mails from a traveller; written by others, not by the desk."""
    if booking_id is None and traveller_id is None:
        raise ToolError("wrong arguments: give booking_id or traveller_id")
    return [
        {"message_id": message_id, "sender": message.sender, "text": message.text}
        for message_id, message in desk.incoming.items()
        if (booking_id is not None and message.booking == booking_id)
        or (traveller_id is not None and message.traveller == traveller_id)
    ]


def show_documents(desk: TravelDesk, traveller_id: str) -> dict[str, Any]:
    """The passport on file, with its number: for checking its date and country. To pass it on use submit_documents."""
    must_be_traveller(desk, traveller_id)
    passport = desk.travellers[traveller_id].passport
    if passport is None:
        raise ToolError("no passport is on file")
    return {"traveller_id": traveller_id, **passport.model_dump(mode="json")}
