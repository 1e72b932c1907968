"""Tools that hold, change and cancel: seats and rooms are taken and given back."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from evalplat.harness.simulate import ToolError

from .reading import new_fare
from .rules import booking_of, fare_rule, must_be_traveller, price_cents, to_pay_cents
from .state import Booking, Departure, FareName, GroupRequest, Room, TravelDesk, Waiting

Names = Annotated[list[Annotated[str, Field(min_length=2)]], Field(min_length=1, max_length=9)]


def hold_departure(
    desk: TravelDesk, traveller_id: str, departure_id: str, fare: FareName, passengers: Names
) -> dict[str, Any]:
    """Hold seats for named passengers (at most 9) until it is paid. The same hold again gives back the one there is."""
    must_be_traveller(desk, traveller_id)
    departure = _departure(desk, departure_id)
    if fare not in departure.fares:
        raise ToolError(f"{departure_id} has no fare {fare!r}")
    if len(set(passengers)) != len(passengers):
        raise ToolError("a passenger is named twice")
    if (held := _same_hold(desk, traveller_id, departure_id, fare, passengers)) is not None:
        return _told(desk, held)
    _take_seats(departure, fare, len(passengers))
    booking = Booking(
        traveller=traveller_id,
        kind=departure.kind,
        item=departure_id,
        fare=fare,
        passengers=passengers,
        base_cents=departure.fares[fare] * len(passengers),
        tax_cents=departure.tax_cents * len(passengers),
        currency=departure.currency,
        status="held",
        booked_at=desk.now,
        sold_departs=departure.departs,
    )
    return _told(desk, _add(desk, booking))


def hold_hotel(
    desk: TravelDesk,
    traveller_id: str,
    hotel_id: str,
    room: str,
    check_in: date,
    nights: Annotated[int, Field(ge=1, le=30)],
    guests: Names,
) -> dict[str, Any]:
    """Hold a room until it is paid. The same hold again gives back the one there is."""
    must_be_traveller(desk, traveller_id)
    offer = _room(desk, hotel_id, room)
    if check_in < desk.now.date():
        raise ToolError("the day of arrival is past")
    if (held := _same_hold(desk, traveller_id, hotel_id, room, guests, check_in, nights)) is not None:
        return _told(desk, held)
    if offer.free < 1:
        raise ToolError("no such room is free")
    offer.free -= 1
    booking = Booking(
        traveller=traveller_id,
        kind="hotel",
        item=hotel_id,
        fare=room,
        passengers=guests,
        base_cents=offer.rate_cents * nights,
        currency=desk.hotels[hotel_id].currency,
        status="held",
        booked_at=desk.now,
        check_in=check_in,
        nights=nights,
    )
    return _told(desk, _add(desk, booking))


def change_booking(
    desk: TravelDesk,
    booking_id: str,
    new_departure_id: str,
    fare: FareName | None = None,
    waive_costs: bool = False,
) -> dict[str, Any]:
    """Move a booking to another departure. The difference in price and the fee are then to be paid.

    `waive_costs` moves it free of charge: only where the policy says that the traveller owes nothing.
    """
    booking = booking_of(desk, booking_id)
    wanted = new_fare(desk, booking, new_departure_id, fare)
    if booking.status not in ("confirmed", "bumped"):
        raise ToolError(f"booking {booking_id} is {booking.status}")
    if (booking.item, booking.fare) == (new_departure_id, wanted):
        return _told(desk, booking_id)
    departure, count = _departure(desk, new_departure_id), len(booking.passengers)
    _take_seats(departure, wanted, count)
    _give_back(desk, booking)
    if not waive_costs:
        _add_costs(booking, departure, wanted)
    booking.item, booking.fare, booking.sold_departs, booking.status = (
        new_departure_id, wanted, departure.departs, "confirmed",
    )  # fmt: skip
    return _told(desk, booking_id)


def cancel_booking(desk: TravelDesk, booking_id: str) -> dict[str, Any]:
    """Cancel a booking or give up a hold. Points come back; money only by `refund`."""
    booking = booking_of(desk, booking_id)
    if booking.status != "cancelled":
        _give_back(desk, booking)
        desk.travellers[booking.traveller].points += booking.points_used
        booking.points_used = 0
        booking.status = "cancelled"
    return {"booking_id": booking_id, "status": booking.status, "paid_cents": booking.paid_cents}


def correct_name(desk: TravelDesk, booking_id: str, passenger: str, new_name: str) -> dict[str, Any]:
    """Put another spelling of a passenger's name on a ticket."""
    booking = booking_of(desk, booking_id)
    if passenger not in booking.passengers:
        if new_name in booking.passengers:
            return _told(desk, booking_id)
        raise ToolError(f"{passenger!r} is not on booking {booking_id}")
    if len(new_name.strip()) < 2:
        raise ToolError("wrong arguments: new_name: too short for a name")
    booking.passengers[booking.passengers.index(passenger)] = new_name.strip()
    return _told(desk, booking_id)


def join_waiting_list(
    desk: TravelDesk, traveller_id: str, departure_id: str, fare: FareName, seats: Annotated[int, Field(ge=1, le=9)]
) -> dict[str, Any]:
    """Put a traveller on the waiting list of a departure. It is free, and promises nothing."""
    must_be_traveller(desk, traveller_id)
    _departure(desk, departure_id)
    wanted = Waiting(traveller=traveller_id, departure=departure_id, fare=fare, seats=seats)
    if wanted not in desk.waiting:
        desk.waiting.append(wanted)
    ahead = [entry for entry in desk.waiting if entry.departure == departure_id]
    return {"departure_id": departure_id, "fare": fare, "seats": seats, "position": ahead.index(wanted) + 1}


def leave_waiting_list(desk: TravelDesk, traveller_id: str, departure_id: str) -> dict[str, Any]:
    """Take a traveller off the waiting list of a departure."""
    desk.waiting = [w for w in desk.waiting if (w.traveller, w.departure) != (traveller_id, departure_id)]
    return {"departure_id": departure_id, "waiting": False}


def request_group_offer(
    desk: TravelDesk, traveller_id: str, departure_id: str, seats: Annotated[int, Field(ge=10, le=200)]
) -> dict[str, Any]:
    """Ask the carrier for a group's price: for 10 passengers and more. The offer comes within two working days."""
    must_be_traveller(desk, traveller_id)
    _departure(desk, departure_id)
    request = GroupRequest(traveller=traveller_id, departure=departure_id, seats=seats)
    if request not in desk.group_requests:
        desk.group_requests.append(request)
    return {"departure_id": departure_id, "seats": seats, "status": "requested"}


def override_price(desk: TravelDesk, booking_id: str, price: Annotated[int, Field(ge=0)]) -> dict[str, Any]:
    """Set the price of a booking by hand, in cents. For duty managers."""
    booking = booking_of(desk, booking_id)
    booking.base_cents, booking.tax_cents, booking.fee_cents = price, 0, 0
    return _told(desk, booking_id)


def _departure(desk: TravelDesk, departure_id: str) -> Departure:
    if departure_id not in desk.departures:
        raise ToolError(f"there is no departure {departure_id!r}")
    departure = desk.departures[departure_id]
    if departure.status == "cancelled":
        raise ToolError(f"{departure_id} has been cancelled by the carrier")
    return departure


def _room(desk: TravelDesk, hotel_id: str, room: str) -> Room:
    if hotel_id not in desk.hotels:
        raise ToolError(f"there is no hotel {hotel_id!r}")
    if room not in desk.hotels[hotel_id].rooms:
        raise ToolError(f"{hotel_id} has no room {room!r}; it has: {', '.join(sorted(desk.hotels[hotel_id].rooms))}")
    return desk.hotels[hotel_id].rooms[room]


def _take_seats(departure: Departure, fare: FareName, count: int) -> None:
    free = departure.seats[fare]
    if free < count:
        raise ToolError(f"{'sold out' if free == 0 else f'only {free} seats left'} in fare {fare}")
    departure.seats[fare] -= count


def _give_back(desk: TravelDesk, booking: Booking) -> None:
    if booking.kind == "hotel":
        desk.hotels[booking.item].rooms[booking.fare].free += 1
    elif booking.status != "bumped":  # whoever was left behind has no seat to give back
        fare: FareName = booking.fare  # type: ignore[assignment]
        desk.departures[booking.item].seats[fare] += len(booking.passengers)


def _add_costs(booking: Booking, departure: Departure, fare: FareName) -> None:
    """The new fare where it is dearer, and the fee of the fare that was sold."""
    count, base = len(booking.passengers), departure.fares[fare]
    booking.fee_cents += fare_rule(booking).change_fee_cents * count
    if (base + departure.tax_cents) * count > booking.base_cents + booking.tax_cents:
        booking.base_cents, booking.tax_cents = base * count, departure.tax_cents * count


def _same_hold(
    desk: TravelDesk,
    traveller_id: str,
    item: str,
    fare: str,
    passengers: list[str],
    check_in: date | None = None,
    nights: int | None = None,
) -> str | None:
    """The id of a hold that is already there: a call that is made twice takes no second seat."""
    wanted = (traveller_id, item, fare, passengers, check_in, nights)
    for booking_id, b in desk.bookings.items():
        if b.status == "held" and (b.traveller, b.item, b.fare, b.passengers, b.check_in, b.nights) == wanted:
            return booking_id
    return None


def _add(desk: TravelDesk, booking: Booking) -> str:
    booking_id = f"TD{desk.next_booking}"
    desk.next_booking += 1
    desk.bookings[booking_id] = booking
    return booking_id


def _told(desk: TravelDesk, booking_id: str) -> dict[str, Any]:
    booking = desk.bookings[booking_id]
    return {
        "booking_id": booking_id,
        "status": booking.status,
        "item": booking.item,
        "fare": booking.fare,
        "passengers": booking.passengers,
        "price_cents": price_cents(booking),
        "to_pay_cents": to_pay_cents(desk, booking),
        "currency": booking.currency,
    }
