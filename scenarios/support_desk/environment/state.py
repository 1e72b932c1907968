"""The typed state of the desk. Money is in euro cents; days and times are those of the shop."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Cents = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """Everything in the state refuses unknown fields, and is checked when it is changed."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class Address(Part):
    street: str
    postcode: str
    city: str
    country: str = "Ireland"


class Customer(Part):
    name: str
    email: str
    phone: str
    date_of_birth: date
    address: Address
    summit_member: bool = False
    note: str = ""
    verified: bool = False
    failed_checks: Annotated[int, Field(ge=0, le=3)] = 0
    locked: bool = False
    closed: bool = False


class Line(Part):
    sku: str
    name: str
    size: str | None = None
    quantity: Annotated[int, Field(ge=1)] = 1
    unit_cents: Cents
    on_sale: bool = False
    engraved: bool = False
    returned_on: date | None = None
    returned_by: Literal["post", "store"] | None = None
    return_check: str = ""
    exchanged_for: str | None = None


class Parcel(Part):
    carrier: Literal["GreenVan", "Swiftlane", "Tidewell", "Haulwell"] = "GreenVan"
    dispatched_on: date
    status: Literal["in_transit", "delivered", "searching", "not_found"] = "in_transit"
    last_scan: str = ""
    search_opened_on: date | None = None


class Order(Part):
    customer_id: str
    placed_at: datetime
    status: Literal["placed", "packed", "shipped", "delivered", "cancelled"]
    lines: list[Line]
    shipping: Literal["standard", "express", "bulky", "pickup"] = "standard"
    shipping_cents: Cents = 0
    promised_on: date | None = None
    payment: Literal["credit card", "bank transfer", "Quickpurse"] = "credit card"
    ship_to: Address
    delivered_on: date | None = None
    parcel: Parcel | None = None
    note: str = ""

    @property
    def paid_cents(self) -> int:
        """What the customer paid for it, shipping included."""
        return sum(line.unit_cents * line.quantity for line in self.lines) + self.shipping_cents


class Refund(Part):
    refund_id: str
    order_id: str
    amount_cents: Annotated[int, Field(gt=0)]
    reason: str
    reference: str
    approval_id: str | None = None
    paid_on: date


class Approval(Part):
    kind: Literal["refund", "voucher"]
    about: str
    asked_cents: Cents
    reason: str
    granted: bool
    up_to_cents: Cents
    remark: str = ""


class Supervisor(Part):
    """How the supervisor on duty decides: `refuses` are orders and customers, `caps` the most for one of them."""

    grants_up_to_cents: Cents = 60_000
    refuses: dict[str, str] = {}
    caps: dict[str, int] = {}


class Voucher(Part):
    customer_id: str
    balance_cents: Cents
    kind: Literal["goodwill", "store credit", "gift"]
    issued_on: date
    expires_on: date
    reference: str = ""


class Product(Part):
    name: str
    kind: Literal["tent", "sleeping", "backpack", "stove", "lamp", "shoes", "clothes", "bottle", "filter", "gas"]
    price_cents: Cents
    stock: dict[str, int]
    text: str = ""


class Mail(Part):
    sender: str
    to: str
    subject: str
    body: str
    sent_on: date


class Replacement(Part):
    order_id: str
    sku: str
    reason: str


class Complaint(Part):
    customer_id: str | None
    order_id: str | None
    severity: Literal["normal", "serious", "safety"]
    summary: str


class HandOff(Part):
    customer_id: str | None
    team: Literal["customer care", "safety", "legal", "fraud", "data protection"]
    summary: str


class Desk(Part):
    now: datetime
    customers: dict[str, Customer]
    orders: dict[str, Order]
    products: dict[str, Product]
    refunds: list[Refund] = []
    approvals: dict[str, Approval] = {}
    supervisor: Supervisor = Supervisor()
    vouchers: dict[str, Voucher] = {}
    replacements: list[Replacement] = []
    mails: list[Mail] = []
    complaints: list[Complaint] = []
    hand_offs: list[HandOff] = []
