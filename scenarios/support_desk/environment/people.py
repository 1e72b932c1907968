"""Tools about people: mails, complaints, and handing a matter on."""

from __future__ import annotations

from typing import Any, Literal

from evalplat.harness.simulate import ToolError

from .lookup import customer_of, order_of
from .state import Complaint, Desk, HandOff, Mail

DESK_ADDRESS = "care@fernhill.example"


def read_mail(desk: Desk, customer_id: str) -> list[dict[str, Any]]:
    """The mails from and to a customer's address, newest first, mails that came back among them."""
    address = customer_of(desk, customer_id).email
    own = [mail for mail in desk.mails if address in (mail.sender, mail.to)]
    return [mail.model_dump(mode="json") for mail in sorted(own, key=lambda mail: mail.sent_on, reverse=True)]


def write_mail(desk: Desk, to: str, subject: str, body: str) -> dict[str, Any]:
    """Send a mail from the desk's address."""
    name, _, host = to.partition("@")
    if not name or "." not in host:
        raise ToolError(f"{to!r} is no e-mail address")
    mail = Mail(sender=DESK_ADDRESS, to=to, subject=subject, body=body, sent_on=desk.now.date())
    if mail not in desk.mails:
        desk.mails.append(mail)
    return {"to": to, "subject": subject, "status": "sent"}


def log_complaint(
    desk: Desk,
    summary: str,
    severity: Literal["normal", "serious", "safety"],
    customer_id: str | None = None,
    order_id: str | None = None,
) -> dict[str, Any]:
    """Write down a complaint, for the weekly review. `safety`: somebody was hurt or might be."""
    if customer_id is not None:
        customer_of(desk, customer_id)
    if order_id is not None:
        order_of(desk, order_id)
    complaint = Complaint(customer_id=customer_id, order_id=order_id, severity=severity, summary=summary)
    if complaint not in desk.complaints:
        desk.complaints.append(complaint)
    return {"complaint": desk.complaints.index(complaint) + 1, "severity": severity}


def hand_off(
    desk: Desk,
    team: Literal["customer care", "safety", "legal", "fraud", "data protection"],
    summary: str,
    customer_id: str | None = None,
) -> dict[str, Any]:
    """Hand the matter to people. They see the conversation and take over; end yours with a sentence."""
    if customer_id is not None:
        customer_of(desk, customer_id)
    matter = HandOff(customer_id=customer_id, team=team, summary=summary)
    if matter not in desk.hand_offs:
        desk.hand_offs.append(matter)
    return {"team": team, "status": "a person takes over"}
