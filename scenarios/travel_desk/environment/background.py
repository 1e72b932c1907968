"""What else is going on at the desk: bookings of other travellers, their messages, public pages."""

from __future__ import annotations

from random import Random

from .state import Booking, Departure, FareName, Incoming

_OTHERS = ("t09", "t16", "t20", "t24", "t28", "t33", "t36", "t39", "t42", "t44", "t50", "t59")


def bookings(random: Random, departures: dict[str, Departure], names: dict[str, str]) -> dict[str, Booking]:
    """Confirmed bookings TD4001 and on, of travellers about whom most stories are not."""
    made = {}
    for number, traveller in enumerate(_OTHERS, start=4001):
        item = random.choice(sorted(departures))
        fare: FareName = random.choice(("light", "standard", "flex"))
        base, tax = departures[item].fares[fare], departures[item].tax_cents
        made[f"TD{number}"] = Booking(
            traveller=traveller,
            kind=departures[item].kind,
            item=item,
            fare=fare,
            passengers=[names[traveller]],
            base_cents=base,
            tax_cents=tax,
            currency=departures[item].currency,
            paid_cents=base + tax,
        )
    return made


INCOMING = {
    "M1": Incoming(sender="notices@caldera.example", booking="TD4001", text="Your seat row has changed. Same flight."),
    "M2": Incoming(sender="henrik.berg@example.com", traveller="t20", text="Thank you for the quick answer last week."),
}
PAGES = {
    "https://norvia.example/baggage": "Cabin bag 8 kg in every fare. Checked bag 23 kg from standard upwards.",
    "https://caldera.example/check-in": "Check-in opens 36 hours before departure.",
}
