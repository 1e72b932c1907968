"""How the desk begins: goods, sixteen customers with their stories, and others, drawn, among whom they are."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from .catalogue import PRODUCTS
from .state import Address, Customer, Desk, Line, Mail, Order, Parcel, Product, Refund, Voucher
from .stories import CUSTOMERS, MAILS, NOW, ORDERS, REFUNDS, VOUCHERS

_FIRST = ("Niamh", "Cian", "Orla", "Piotr", "Saoirse", "Luca", "Amina", "Conor", "Freya", "Mateo", "Roisin", "Jonas")
_LAST = ("Byrne", "Kavanagh", "Okafor", "Lindgren", "Walsh", "Ferrari", "Nowak", "Hughes", "Silva", "Tighe", "Crowe")
_TOWNS = (("Galway", "H91"), ("Sligo", "F91"), ("Athlone", "N37"), ("Ennis", "V95"), ("Cork", "T12"), ("Dublin", "D08"))
_OTHERS = 8


def start(random: Random) -> Desk:
    """The desk on a Monday morning. The stories are the same for every seed; the other customers are not."""
    customers = {customer_id: Customer.model_validate(known) for customer_id, known in CUSTOMERS.items()}
    orders = {order_id: _order(known, customers) for order_id, known in ORDERS.items()}
    desk = Desk(
        now=NOW,
        customers=customers,
        orders=orders,
        products={sku: Product.model_validate(known) for sku, known in PRODUCTS.items()},
        refunds=[Refund.model_validate(known) for known in REFUNDS],
        vouchers={code: Voucher.model_validate(known) for code, known in VOUCHERS.items()},
        mails=[Mail.model_validate(known) for known in MAILS],
    )
    for number in range(_OTHERS):
        customer_id = f"C{120 + number}"
        desk.customers[customer_id] = _somebody(random, number)
        desk.orders[f"F{6000 + number}"] = _some_order(random, customer_id, desk)
    return desk


def _order(known: dict[str, Any], customers: dict[str, Customer]) -> Order:
    """An order of the stories: sent to the customer's address where it says nothing else."""
    return Order.model_validate({"ship_to": customers[known["customer_id"]].address, **known})


def _somebody(random: Random, number: int) -> Customer:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    town, area = random.choice(_TOWNS)
    letters = "ACDEFHKNPRTVWXY"
    postcode = f"{area} {random.choice(letters)}{random.randrange(10)}{random.choice(letters)}{random.randrange(10)}"
    born = date(1950, 1, 1) + timedelta(days=random.randrange(19_000))
    return Customer(
        name=f"{first} {last}",
        email=f"{first}.{last}{number}@mail.example".lower(),
        phone=f"091 555 01{50 + number}",
        date_of_birth=born,
        address=Address(street=f"{random.randrange(1, 90)} Mill Road", postcode=postcode, city=town),
        summit_member=random.random() < 0.2,
    )


def _some_order(random: Random, customer_id: str, desk: Desk) -> Order:
    sku = random.choice(sorted(desk.products))
    product = desk.products[sku]
    placed = NOW - timedelta(days=random.randrange(20, 300), minutes=random.randrange(1_000))
    arrived = placed.date() + timedelta(days=4)
    size = random.choice(sorted(product.stock))
    return Order(
        customer_id=customer_id,
        placed_at=placed,
        status="delivered",
        lines=[Line(sku=sku, name=product.name, size=None if size == "one" else size, unit_cents=product.price_cents)],
        ship_to=desk.customers[customer_id].address,
        delivered_on=arrived,
        parcel=Parcel(dispatched_on=placed.date() + timedelta(days=1), status="delivered"),
    )
