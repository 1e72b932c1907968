"""The desk's state: travellers, timetable, hotels, bookings, and everything that was paid, promised or sent."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Currency = Literal["EUR", "GBP", "CHF", "USD"]
Cents = Annotated[int, Field(ge=0)]
FareName = Literal["light", "standard", "flex", "business"]
Approver = Literal["duty_manager", "company"]
Answer = Literal["approves", "declines", "silent"]
Team = Literal["duty_manager", "groups", "care", "security", "complaints", "corporate", "loyalty", "tickets"]
RefundReason = Literal["fare_rules", "24_hour_rule", "carrier_change", "overbooking", "overpayment"]


class Row(BaseModel):
    """Strict about names: a misspelt field in a scenario is refused."""

    model_config = ConfigDict(extra="forbid")


class Passport(Row):
    number: str
    nationality: str
    expires: date


class Card(Row):
    brand: str
    last4: str = Field(pattern=r"^\d{4}$")
    expires: str = Field(pattern=r"^\d{4}-\d{2}$", description="Last month in which it may be charged.")


class Traveller(Row):
    name: str
    email: str
    date_of_birth: date
    postcode: str
    tier: Literal["none", "silver", "gold"] = "none"
    points: int = Field(default=0, ge=0)
    company: str | None = None
    arrangers: list[str] = Field(default=[], description="Travellers who may act for this one.")
    cards: dict[str, Card] = {}
    passport: Passport | None = None
    verified: bool = False
    failed_checks: int = Field(default=0, ge=0)


class Company(Row):
    name: str
    approver: str = Field(description="Who approves there, by name.")
    approval_above_cents: int = Field(ge=0, description="In euros.")
    hotel_cap_cents: int = Field(ge=0, description="In euros, a night.")
    business_from_hours: int = Field(ge=0, description="Business class is allowed from this flying time.")
    answer: Answer = "approves"


class Departure(Row):
    kind: Literal["flight", "train"]
    carrier: str
    origin: str
    destination: str
    departs: datetime
    arrives: datetime
    distance_km: int = Field(gt=0)
    currency: Currency
    status: Literal["scheduled", "cancelled"] = "scheduled"
    fares: dict[FareName, Cents] = Field(description="Base of a passenger.")
    tax_cents: Cents = Field(description="Of a passenger, in every fare.")
    seats: dict[FareName, Annotated[int, Field(ge=0)]]
    remark: str = ""


class Room(Row):
    rate_cents: int = Field(gt=0, description="A night, taxes included.")
    free: int = Field(ge=0)
    plan: Literal["flexible", "non_refundable"]


class Hotel(Row):
    name: str
    city: str
    stars: int = Field(ge=1, le=5)
    currency: Currency
    description: str
    rooms: dict[str, Room]


class Booking(Row):
    traveller: str
    kind: Literal["flight", "train", "hotel"]
    item: str = Field(description="Departure or hotel.")
    fare: str = Field(description="Fare, or room.")
    passengers: list[str] = Field(min_length=1)
    base_cents: int = Field(ge=0, description="All passengers or nights.")
    tax_cents: int = Field(default=0, ge=0)
    fee_cents: int = Field(default=0, ge=0, description="Of changes.")
    currency: Currency = "EUR"
    status: Literal["held", "confirmed", "cancelled", "bumped"] = "confirmed"
    booked_at: datetime = datetime(2026, 4, 20, 10)
    sold_departs: datetime | None = Field(default=None, description="Departure time as it was sold.")
    check_in: date | None = None
    nights: int | None = Field(default=None, ge=1)
    paid_cents: int = Field(default=0, ge=0)
    refunded_cents: int = Field(default=0, ge=0)
    points_used: int = Field(default=0, ge=0)
    documents_sent: list[str] = []
    notes: list[str] = []


class Payment(Row):
    booking: str
    card: str = Field(description="`invoice`: of the company.")
    amount_cents: int
    currency: Currency
    key: str


class Refund(Row):
    booking: str
    amount_cents: int
    currency: Currency
    reason: RefundReason
    key: str


class Consent(Row):
    booking: str
    amount_cents: int
    currency: Currency
    words: str


class Approval(Row):
    booking: str
    approver: Approver
    amount_cents: int
    currency: Currency
    reason: str
    status: Literal["pending", "approved", "declined"] = "pending"


class Voucher(Row):
    booking: str
    amount_cents: int
    reason: str
    key: str


class Waiting(Row):
    traveller: str
    departure: str
    fare: FareName
    seats: int = Field(ge=1)


class GroupRequest(Row):
    traveller: str
    departure: str
    seats: int = Field(ge=10)


class HandOff(Row):
    team: Team
    summary: str


class Email(Row):
    to: str
    subject: str
    body: str


class Incoming(Row):
    """Something that came in: a carrier's notice about a booking, or a traveller's e-mail."""

    sender: str
    booking: str | None = None
    traveller: str | None = None
    text: str


class TravelDesk(Row):
    now: datetime
    rates: dict[Currency, Decimal] = Field(description="Euros for one unit.")
    manager_answer: Answer = "approves"
    travellers: dict[str, Traveller]
    companies: dict[str, Company]
    departures: dict[str, Departure]
    hotels: dict[str, Hotel]
    bookings: dict[str, Booking]
    incoming: dict[str, Incoming]
    pages: dict[str, str]
    next_booking: int = 7001
    payments: list[Payment] = []
    refunds: list[Refund] = []
    consents: list[Consent] = []
    approvals: dict[str, Approval] = {}
    vouchers: list[Voucher] = []
    waiting: list[Waiting] = []
    group_requests: list[GroupRequest] = []
    hand_offs: list[HandOff] = []
    sent: list[Email] = []
    opened: list[str] = []
