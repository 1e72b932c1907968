"""Flights, trains and hotels of the seeded world: those that stories are about, and a seeded rest around them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Literal, NamedTuple

from .state import Currency, Departure, FareName, Hotel, Room

_CARRIERS = {"NV": "Norvia Air", "CQ": "Caldera Airlines", "TA": "TransAlp Rail", "NB": "Nordbahn"}
_ABOVE_LIGHT: dict[str, dict[FareName, int]] = {
    "flight": {"light": 0, "standard": 55_00, "flex": 120_00},
    "train": {"light": 0, "standard": 20_00, "flex": 45_00},
}


class Line(NamedTuple):
    """A departure in a row: light fare and tax of a passenger in cents; seats in light."""

    id: str
    origin: str
    destination: str
    leaves: str
    arrives: str
    light: int
    tax: int
    km: int
    currency: Currency = "EUR"
    seats: int = 9
    dearer_seats: int = 9


# The id ends in month and day of the departure.
_LINES = (
    Line("NV201-0518", "Vienna", "Oslo", "07:10", "09:30", 112_00, 38_00, 1350),
    Line("NV205-0518", "Vienna", "Oslo", "12:40", "15:00", 154_00, 38_00, 1350),
    Line("CQ318-0518", "Vienna", "Oslo", "15:55", "18:20", 131_00, 38_00, 1350),
    Line("NV209-0518", "Vienna", "Oslo", "19:20", "21:40", 149_00, 38_00, 1350),
    Line("NV205-0519", "Vienna", "Oslo", "12:40", "15:00", 147_00, 38_00, 1350),
    Line("NV209-0519", "Vienna", "Oslo", "19:20", "21:40", 99_00, 38_00, 1350),
    Line("NV205-0526", "Vienna", "Oslo", "12:40", "15:00", 188_00, 38_00, 1350),
    Line("NV209-0526", "Vienna", "Oslo", "19:20", "21:40", 171_00, 38_00, 1350),
    Line("TA51-0520", "Munich", "Zurich", "08:30", "12:05", 49_00, 0, 310),
    Line("TA53-0520", "Munich", "Zurich", "10:30", "14:05", 39_00, 0, 310),
    Line("TA57-0520", "Munich", "Zurich", "16:30", "20:05", 44_00, 0, 310, seats=0, dearer_seats=0),
    Line("TA57-0521", "Munich", "Zurich", "16:30", "20:05", 44_00, 0, 310),
    Line("CQ440-0522", "Vienna", "Lisbon", "09:15", "12:55", 169_00, 41_00, 2300),
    Line("CQ442-0522", "Vienna", "Lisbon", "17:05", "20:45", 205_00, 41_00, 2300),
    Line("CQ440-0523", "Vienna", "Lisbon", "09:15", "12:55", 183_00, 41_00, 2300),
    Line("CQ440-0605", "Vienna", "Lisbon", "09:15", "12:55", 158_00, 41_00, 2300, seats=0, dearer_seats=0),
    Line("CQ442-0605", "Vienna", "Lisbon", "17:05", "20:45", 240_00, 41_00, 2300, seats=0, dearer_seats=0),
    Line("NV801-0610", "Vienna", "New York", "10:20", "19:30", 410_00, 190_00, 6800),
    Line("NV803-0610", "Vienna", "New York", "16:40", "01:55", 380_00, 190_00, 6800),
    Line("NV803-0611", "Vienna", "New York", "16:40", "01:55", 430_00, 190_00, 6800),
    Line("NV702-0602", "London", "New York", "11:00", "18:50", 420_00, 205_00, 5550, "GBP"),
    Line("NV855-0612", "New York", "Vienna", "18:30", "08:40", 470_00, 180_00, 6800, "USD"),
    Line("NV610-0528", "Zurich", "London", "08:05", "09:45", 118_00, 44_00, 780, "CHF"),
    Line("CQ612-0528", "Zurich", "London", "14:25", "16:05", 96_00, 44_00, 780, "CHF"),
    Line("NV880-0603", "Zurich", "New York", "09:50", "18:40", 300_00, 175_00, 6300, "CHF"),
    Line("CQ520-0529", "London", "Lisbon", "06:55", "09:35", 88_00, 29_00, 1560, "GBP"),
    Line("NV410-0514", "Vienna", "Paris", "08:00", "10:05", 121_00, 36_00, 1040),
    Line("NV414-0514", "Vienna", "Paris", "17:30", "19:35", 109_00, 36_00, 1040),
    Line("NV410-0527", "Vienna", "Paris", "08:00", "10:05", 99_00, 36_00, 1040),
    Line("NV414-0527", "Vienna", "Paris", "17:30", "19:35", 134_00, 36_00, 1040),
    Line("NV412-0511", "Vienna", "Paris", "20:30", "22:35", 130_00, 36_00, 1040),
    Line("NV412-0512", "Vienna", "Paris", "12:30", "14:35", 155_00, 36_00, 1040),
    Line("NB71-0519", "Oslo", "Bergen", "08:05", "14:50", 69_00, 0, 490),
    Line("NB73-0519", "Oslo", "Bergen", "12:05", "18:50", 62_00, 0, 490),
    Line("NB71-0524", "Oslo", "Bergen", "08:05", "14:50", 69_00, 0, 490, seats=0, dearer_seats=0),
    Line("NB73-0524", "Oslo", "Bergen", "12:05", "18:50", 62_00, 0, 490),
    Line("CQ905-0513", "Lisbon", "New York", "13:10", "21:25", 395_00, 180_00, 5400),
    Line("CQ905-0514", "Lisbon", "New York", "13:10", "21:25", 455_00, 180_00, 5400),
    Line("CQ330-0512", "Paris", "Oslo", "09:45", "12:05", 140_00, 39_00, 1340),
    Line("CQ334-0512", "Paris", "Oslo", "18:15", "20:35", 175_00, 39_00, 1340),
    Line("CQ362-0513", "Oslo", "Lisbon", "10:30", "14:40", 190_00, 42_00, 2740),
    Line("CQ366-0513", "Oslo", "Lisbon", "16:45", "20:55", 215_00, 42_00, 2740),
)  # fmt: skip

_CITIES = ("Vienna", "Oslo", "Lisbon", "Paris", "London", "Zurich", "Munich")


def departures(random: Random) -> dict[str, Departure]:
    """By id. Around those of the stories there are others, on routes and days that no story is about."""
    known = {line.id: _departure(line) for line in _LINES}
    taken = {(d.origin, d.destination, d.departs.date()) for d in known.values()}
    first = date(2026, 5, 12)
    for number in range(8):
        origin, destination = random.sample(_CITIES, 2)
        day = first + timedelta(days=random.randrange(30))
        hour, minute = random.randrange(6, 19), random.choice((0, 10, 25, 40, 55))
        light, seats = random.randrange(70, 220) * 100, random.randrange(10)
        if (origin, destination, day) in taken:
            continue
        line = Line(
            f"CQ{1000 + number}-{day:%m%d}", origin, destination, f"{hour:02d}:{minute:02d}",
            f"{hour + 3:02d}:{minute:02d}", light, 37_00, 1500, "EUR", seats,
        )  # fmt: skip
        known[line.id] = _departure(line)
    return known


def _departure(line: Line) -> Departure:
    kind: Literal["flight", "train"] = "train" if line.id[:2] in ("TA", "NB") else "flight"
    departs = datetime.strptime(f"2026{line.id[-4:]} {line.leaves}", "%Y%m%d %H:%M")
    arrives = datetime.strptime(f"2026{line.id[-4:]} {line.arrives}", "%Y%m%d %H:%M")
    fares = {name: line.light + more for name, more in _ABOVE_LIGHT[kind].items()}
    fares["business"] = line.light * 4
    seats = dict.fromkeys(fares, line.dearer_seats) | {"light": line.seats, "business": min(4, line.dearer_seats)}
    return Departure(
        kind=kind,
        carrier=_CARRIERS[line.id[:2]],
        origin=line.origin,
        destination=line.destination,
        departs=departs,
        arrives=arrives if arrives > departs else arrives + timedelta(days=1),
        distance_km=line.km,
        currency=line.currency,
        fares=fares,
        tax_cents=line.tax,
        seats=seats,
    )


def hotels() -> dict[str, Hotel]:
    """By id."""
    return {
        "H-LIS-1": Hotel(
            name="Casa do Tejo",
            city="Lisbon",
            stars=3,
            currency="EUR",
            description="A tiled house above the river, ten minutes from the castle. Breakfast until eleven.",
            rooms={"queen_flex": _flexible(128_00), "queen_saver": _saver(99_00)},
        ),
        "H-LIS-2": Hotel(
            name="Miradouro Palace",
            city="Lisbon",
            stars=5,
            currency="EUR",
            description="Rooms with a view over the old town, a pool on the roof, a spa.",
            rooms={"king_flex": _flexible(219_00), "suite": _flexible(410_00, 1)},
        ),
        "H-LIS-3": Hotel(
            name="Hostal Alecrim",
            city="Lisbon",
            stars=2,
            currency="EUR",
            description="Plain, clean rooms near the station.",
            rooms={"twin_saver": _saver(74_00)},
        ),
        "H-OSL-1": Hotel(
            name="Fjordlys",
            city="Oslo",
            stars=3,
            currency="EUR",
            description="A quiet house by the harbour. Bicycles are free for guests.",
            rooms={"single_flex": _flexible(139_00), "single_saver": _saver(119_00)},
        ),
        "H-OSL-2": Hotel(
            name="Akerhagen Park",
            city="Oslo",
            stars=4,
            currency="EUR",
            description="A large hotel for meetings, five minutes from the central station.",
            rooms={"single_flex": _flexible(169_00), "double_flex": _flexible(199_00)},
        ),
        "H-LON-1": Hotel(
            name="Bramley House",
            city="London",
            stars=4,
            currency="GBP",
            description="A brick house on a square with a garden.",
            rooms={"double_flex": _flexible(185_00), "double_saver": _saver(142_00)},
        ),
        "H-ZRH-1": Hotel(
            name="Limmat Garten",
            city="Zurich",
            stars=4,
            currency="CHF",
            description="By the river; trams to the airport stop at the door.",
            rooms={"double_flex": _flexible(240_00)},
        ),
        "H-PAR-1": Hotel(
            name="Le Tilleul",
            city="Paris",
            stars=3,
            currency="EUR",
            description="Twenty rooms around a courtyard with a lime tree.",
            rooms={"double_flex": _flexible(164_00), "double_saver": _saver(131_00)},
        ),
    }


def _flexible(rate: int, free: int = 5) -> Room:
    return Room(rate_cents=rate, free=free, plan="flexible")


def _saver(rate: int, free: int = 5) -> Room:
    return Room(rate_cents=rate, free=free, plan="non_refundable")
