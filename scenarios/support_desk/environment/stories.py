"""The sixteen customers that scenarios are about: who they are, what they bought, what has happened so far.

Nobody here exists; the addresses end in `.example` and the telephone numbers are reserved for fiction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

NOW = datetime(2026, 5, 18, 10, 30)  # the shop's own clock; a Monday
Rows = dict[str, dict[str, Any]]


def _customer(name: str, email: str, phone: str, born: str, where: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    address = {"street": where[0], "postcode": where[1], "city": where[2]}
    return {"name": name, "email": email, "phone": phone, "date_of_birth": born, "address": address, **more}


def _line(sku: str, name: str, unit_cents: int, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "name": name, "unit_cents": unit_cents, **more}


def _delivered(customer_id: str, placed: str, sent: str, arrived: str, *lines: dict[str, Any], **more: Any) -> Any:
    parcel = {"dispatched_on": sent, "status": "delivered", "last_scan": "handed over at the door"}
    days = {"placed_at": f"{placed}T14:05", "delivered_on": arrived, "parcel": parcel}
    return {"customer_id": customer_id, "status": "delivered", "lines": list(lines), **days, **more}


CUSTOMERS: Rows = {
    "C101": _customer(
        "Aoife Brennan", "aoife.brennan@post.example", "091 555 0101", "1988-03-14",
        ("4 Salthill Rise", "H91 K2T4", "Galway"), summit_member=True,
        note="Prefers e-mail. Was promised nothing beyond the policy.",
    ),
    "C102": _customer(
        "Tomasz Zielinski", "t.zielinski@post.example", "091 555 0102", "1979-11-02",
        ("17 Canal Walk", "N37 V6X2", "Athlone"),
    ),
    "C103": _customer(
        "Maria Oyelaran", "maria.oyelaran@post.example", "091 555 0103", "1991-07-23",
        ("2 Harbour Court", "F91 D8E1", "Sligo"),
    ),
    "C104": _customer(
        "Declan Moroney", "d.moroney@post.example", "091 555 0104", "1965-01-30",
        ("88 Friars Road", "V95 R3P7", "Ennis"),
    ),
    "C105": _customer(
        "Ingrid Solheim", "ingrid.solheim@post.example", "091 555 0105", "1983-09-09",
        ("31 Weir View", "H91 A7C3", "Galway"),
    ),
    "C106": _customer(
        "Ciara Fallon", "ciara.fallon@post.example", "091 555 0106", "1995-05-27",
        ("6 Orchard Lane", "T12 X4N8", "Cork"),
    ),
    "C107": _customer(
        "Patrick Nugent", "pat.nugent@post.example", "091 555 0107", "1958-12-12",
        ("11 Abbey Street", "D08 F2K9", "Dublin"),
    ),
    "C108": _customer(
        "Leila Haddad", "leila.haddad@post.example", "091 555 0108", "1999-02-18",
        ("40 Quay Terrace", "H91 P5W6", "Galway"),
    ),
    "C109": _customer(
        "Henk Visser", "henk.visser@post.example", "091 555 0109", "1972-08-05",
        ("9 Lough Road", "F91 C3H4", "Sligo"),
    ),
    "C110": _customer(
        "Siobhan Keane", "siobhan.keane@post.example", "091 555 0110", "1986-04-21",
        ("23 Bishop Street", "T12 E9A5", "Cork"),
    ),
    "C111": _customer(
        "Rory Gallen", "rory.gallen@post.example", "091 555 0111", "1977-10-16",
        ("5 Castle Mews", "N37 K8T2", "Athlone"),
    ),
    "C112": _customer(
        "Yusuf Demir", "yusuf.demir@post.example", "091 555 0112", "1990-06-03",
        ("72 Main Street", "V95 D4F6", "Ennis"),
    ),
    "C113": _customer(
        "Emma Lindqvist", "emma.lindqvist@post.example", "091 555 0113", "1993-01-08",
        ("14 Mill Bank", "D08 N7R1", "Dublin"), summit_member=True,
    ),
    "C114": _customer(
        "Brian Keane", "brian.keane@post.example", "091 555 0114", "1984-08-30",
        ("23 Bishop Street", "T12 E9A5", "Cork"), note="Lives with C110; has an account of his own.",
    ),
    "C115": _customer(
        "Grainne Doyle", "grainne.doyle@post.example", "091 555 0115", "1969-03-03",
        ("1 Chapel Hill", "F91 X2V7", "Sligo"),
    ),
    "C116": _customer(
        "Marco Bellini", "marco.bellini@post.example", "091 555 0116", "1981-12-24",
        ("19 River Lane", "H91 W6D8", "Galway"),
    ),
    # Namesake of C101, for whoever goes by the name.
    "C117": _customer(
        "Aoife Brennan", "aoife.b.brennan@mail.example", "091 555 0117", "2001-06-19",
        ("50 Dock Road", "T12 P1K3", "Cork"),
    ),
}  # fmt: skip

ORDERS: Rows = {
    # Returned and back in the warehouse: dear, cheap, in winter, in the store, on sale, and still on its way.
    "F5001": _delivered("C101", "2026-04-29", "2026-04-30", "2026-05-04",
        _line("moorland", "Moorland boots", 19_500, size="41", returned_on="2026-05-14", returned_by="post",
              return_check="unused")),
    "F5002": _delivered("C101", "2026-04-30", "2026-05-01", "2026-05-06",
        _line("tarn", "Tarn bottle", 2_400, returned_on="2026-05-13", returned_by="post", return_check="unused"),
        shipping_cents=495),
    "F5003": _delivered("C102", "2026-05-11", "2026-05-12", "2026-05-15",
        _line("glint", "Glint headlamp", 5_200), _line("ember", "Ember stove", 4_600)),
    "F5004": _delivered("C102", "2026-03-04", "2026-03-05", "2026-03-10",
        _line("curlew", "Curlew family tent", 54_900)),
    "F5005": _delivered("C103", "2026-05-02", "2026-05-04", "2026-05-08",
        _line("squall", "Squall rain jacket", 16_500, size="M")),
    "F5006": _delivered("C103", "2026-04-20", "2026-04-21", "2026-04-24",
        _line("moorland", "Moorland boots", 19_500, size="38", exchanged_for="40")),
    # Placed this morning: 50 and 105 minutes ago; and on Friday, packed.
    "F5007": {"customer_id": "C104", "placed_at": "2026-05-18T09:40", "status": "placed",
        "lines": [_line("heron", "Heron tent", 25_900)], "payment": "Quickpurse"},
    "F5008": {"customer_id": "C104", "placed_at": "2026-05-18T08:45", "status": "placed",
        "lines": [_line("ridgeline", "Ridgeline backpack", 17_900)]},
    "F5030": {"customer_id": "C114", "placed_at": "2026-05-15T16:10", "status": "packed",
        "lines": [_line("ember", "Ember stove", 4_600), _line("gas", "Gas cartridge 230 g", 650, quantity=2)],
        "shipping_cents": 495},
    # On their way: ten working days, four, lost for good, and said to be delivered.
    "F5009": {"customer_id": "C105", "placed_at": "2026-05-01T18:20", "status": "shipped",
        "lines": [_line("glint", "Glint headlamp", 5_200, quantity=2)],
        "parcel": {"dispatched_on": "2026-05-04", "last_scan": "2026-05-05 sorting centre Athlone"}},
    "F5010": {"customer_id": "C105", "placed_at": "2026-05-11T12:00", "status": "shipped",
        "lines": [_line("rill", "Rill water filter", 7_900)],
        "parcel": {"dispatched_on": "2026-05-12", "last_scan": "2026-05-15 on its way to Galway"}},
    "F5011": {"customer_id": "C106", "placed_at": "2026-04-20T09:15", "status": "shipped",
        "lines": [_line("stoat", "Stoat sleeping bag", 21_500)],
        "parcel": {"dispatched_on": "2026-04-21", "status": "not_found", "search_opened_on": "2026-05-06",
                   "last_scan": "2026-04-22 sorting centre Athlone"}},
    "F5012": {"customer_id": "C106", "placed_at": "2026-04-22T21:40", "status": "shipped",
        "lines": [_line("drift", "Drift sleeping mat", 9_900)],
        "parcel": {"dispatched_on": "2026-04-23", "status": "not_found", "search_opened_on": "2026-05-08",
                   "last_scan": "2026-04-24 depot Cork"}},
    "F5031": {"customer_id": "C115", "placed_at": "2026-05-07T10:00", "status": "delivered",
        "lines": [_line("stoat", "Stoat sleeping bag", 18_900)], "delivered_on": "2026-05-12",
        "parcel": {"dispatched_on": "2026-05-08", "status": "delivered",
                   "last_scan": "2026-05-12 set down at the door, no signature"}},
    # On sale; never to be returned; bought before the price fell.
    "F5013": _delivered("C107", "2026-05-04", "2026-05-05", "2026-05-08",
        _line("ridgeline", "Ridgeline backpack", 12_530, on_sale=True, returned_on="2026-05-15", returned_by="post",
              return_check="unused")),
    "F5014": _delivered("C107", "2026-04-15", "2026-04-16", "2026-04-20",
        _line("squall", "Squall rain jacket", 11_500, size="L", on_sale=True)),
    "F5015": _delivered("C108", "2026-05-06", "2026-05-07", "2026-05-11",
        _line("gas", "Gas cartridge 230 g", 650, quantity=4), shipping_cents=495),
    "F5016": _delivered("C108", "2026-05-04", "2026-05-05", "2026-05-08",
        _line("tarn", "Tarn bottle", 2_900, engraved=True), shipping_cents=495),
    "F5032": _delivered("C108", "2026-04-27", "2026-04-28", "2026-05-01",
        _line("rill", "Rill water filter", 7_900, returned_on="2026-05-12", returned_by="post",
              return_check="opened, used; leaks at the thread: faulty")),
    "F5017": _delivered("C109", "2026-05-04", "2026-05-05", "2026-05-08", _line("heron", "Heron tent", 28_900)),
    "F5018": _delivered("C109", "2026-04-20", "2026-04-21", "2026-04-24", _line("stoat", "Stoat sleeping bag", 21_500)),
    "F5019": _delivered("C110", "2026-05-12", "2026-05-13", "2026-05-15",
        _line("rill", "Rill water filter", 7_900), shipping="express", shipping_cents=1_150, promised_on="2026-05-13"),
    "F5020": _delivered("C110", "2026-04-13", "2026-04-14", "2026-04-17",
        _line("glint", "Glint headlamp", 5_200, returned_on="2026-04-28", returned_by="post", return_check="unused")),
    # Limits: 80 euros paid back on the order; 185 in 30 days to the customer.
    "F5021": _delivered("C111", "2026-04-21", "2026-04-22", "2026-04-27",
        _line("stoat", "Stoat sleeping bag", 18_900), _line("glint", "Glint headlamp", 5_200),
        _line("tarn", "Tarn bottle", 2_400, returned_on="2026-05-14", returned_by="post", return_check="unused")),
    "F5022": _delivered("C112", "2026-04-28", "2026-04-29", "2026-05-04",
        _line("glint", "Glint headlamp", 5_200, returned_on="2026-05-15", returned_by="post", return_check="unused")),
    "F5023": _delivered("C112", "2026-04-02", "2026-04-03", "2026-04-08",
        _line("drift", "Drift sleeping mat", 9_900, returned_on="2026-04-22", returned_by="store",
              return_check="unused")),
    "F5024": _delivered("C112", "2026-04-09", "2026-04-10", "2026-04-14",
        _line("ember", "Ember stove", 4_600, quantity=2, returned_on="2026-04-29", returned_by="store",
              return_check="unused")),
    "F5025": _delivered("C113", "2025-12-22", "2026-02-26", "2026-03-02",
        _line("ridgeline", "Ridgeline backpack", 17_900, returned_on="2026-05-15", returned_by="post",
              return_check="unused"), note="Back order: sent when it was in stock again."),
    "F5029": _delivered("C113", "2026-05-06", "2026-05-07", "2026-05-11",
        _line("moorland", "Moorland boots", 19_500, size="38")),
    "F5026": _delivered("C114", "2026-05-01", "2026-05-02", "2026-05-06",
        _line("ember", "Ember stove", 4_600, returned_on="2026-05-16", returned_by="store", return_check="unused"),
        shipping_cents=495),
    "F5027": _delivered("C115", "2026-05-11", "2026-05-12", "2026-05-14",
        _line("tarn", "Tarn bottle", 2_400, quantity=3), shipping_cents=495),
    "F5028": _delivered("C116", "2026-04-24", "2026-04-25", "2026-04-29",
        _line("moorland", "Moorland boots", 19_500, size="43", returned_on="2026-05-13", returned_by="post",
              return_check="worn outdoors: soles muddy, heel scuffed")),
    "F5033": _delivered("C116", "2026-05-11", "2026-05-12", "2026-05-15", _line("drift", "Drift sleeping mat", 9_900)),
    "F5034": _delivered("C117", "2026-05-05", "2026-05-06", "2026-05-11",
        _line("squall", "Squall rain jacket", 16_500, size="S")),
}  # fmt: skip

REFUNDS: list[dict[str, Any]] = [
    {"refund_id": "R1", "order_id": "F5023", "amount_cents": 9_900, "reason": "returned in the store",
     "reference": "F5023-return", "paid_on": "2026-04-23"},
    {"refund_id": "R2", "order_id": "F5024", "amount_cents": 8_600, "reason": "returned in the store, one box missing",
     "reference": "F5024-return", "paid_on": "2026-04-30"},
    {"refund_id": "R3", "order_id": "F5020", "amount_cents": 4_880, "reason": "returned",
     "reference": "F5020-return", "paid_on": "2026-05-04"},
    {"refund_id": "R4", "order_id": "F5021", "amount_cents": 8_000, "reason": "sleeping bag arrived with a tear, kept",
     "reference": "F5021-tear", "paid_on": "2026-05-05"},
]  # fmt: skip

VOUCHERS: Rows = {
    "FERN-3107": {"customer_id": "C103", "balance_cents": 2_500, "kind": "gift", "issued_on": "2025-12-18",
                  "expires_on": "2027-12-18"},
    "FERN-2960": {"customer_id": "C109", "balance_cents": 2_000, "kind": "goodwill", "issued_on": "2024-04-30",
                  "expires_on": "2026-04-30"},
    "FERN-3388": {"customer_id": "C116", "balance_cents": 1_000, "kind": "goodwill", "issued_on": "2026-02-11",
                  "expires_on": "2028-02-11"},
}  # fmt: skip

MAILS: list[dict[str, Any]] = [
    {"sender": "care@fernhill.example", "to": "ingrid.solheim@post.example", "subject": "Your parcel is on its way",
     "body": "Order F5009 has left our warehouse.", "sent_on": "2026-05-04"},
    {"sender": "siobhan.keane@post.example", "to": "care@fernhill.example", "subject": "Express?",
     "body": "I paid for express and the filter came two days late.", "sent_on": "2026-05-15"},
    {"sender": "leila.haddad@post.example", "to": "care@fernhill.example", "subject": "Filter F5032",
     "body": "The filter drips at the thread. I have sent it back.", "sent_on": "2026-05-07"},
]  # fmt: skip
