"""A small world for tests and for the page of simulate: a library's desk that lends books and forgives fines."""

from __future__ import annotations

from random import Random
from typing import Any, Literal

from pydantic import BaseModel, Field

from evalplat.harness.simulate import Domain, ToolError


class Member(BaseModel):
    email: str
    fine_cents: int = Field(default=0, ge=0)
    verified: bool = False


class Loan(BaseModel):
    member: str
    title: str
    status: Literal["out", "returned", "renewed"] = "out"
    note: str = ""


class Desk(BaseModel):
    today: str = "2026-03-02"
    members: dict[str, Member]
    loans: dict[str, Loan]
    waived: list[dict[str, Any]] = []


def start(random: Random) -> Desk:
    return Desk(
        members={
            "m1": Member(email="ana@example.org", fine_cents=400 + 10 * random.randrange(10)),
            "m2": Member(email="bo@example.org", fine_cents=2500),
        },
        loans={
            "L1": Loan(member="m1", title="Emma"),
            "L2": Loan(member="m2", title="Dune", note="Spine was loose at lending."),
        },
    )


def _loan(desk: Desk, loan_id: str) -> Loan:
    if loan_id not in desk.loans:
        raise ToolError(f"there is no loan {loan_id!r}")
    return desk.loans[loan_id]


def find_loan(desk: Desk, loan_id: str) -> dict[str, Any]:
    """What is known of a loan."""
    return {"loan_id": loan_id, **_loan(desk, loan_id).model_dump()}


def check_email(desk: Desk, member: str, email: str) -> dict[str, Any]:
    """Verify a member by the e-mail address on file."""
    if member not in desk.members or desk.members[member].email != email:
        raise ToolError("that is not the address on file")
    desk.members[member].verified = True
    return {"member": member, "verified": True}


def renew(desk: Desk, loan_id: str) -> dict[str, Any]:
    """Renew a loan by three weeks."""
    _loan(desk, loan_id).status = "renewed"
    return {"loan_id": loan_id, "status": "renewed"}


def waive_fine(desk: Desk, member: str, amount_cents: int) -> dict[str, Any]:
    """Forgive part of a fine, at most 1000 cents, of a verified member."""
    if member not in desk.members or not desk.members[member].verified:
        raise ToolError("verify the member first")
    if not 0 < amount_cents <= min(1000, desk.members[member].fine_cents):
        raise ToolError("the amount is above the limit or the fine")
    desk.members[member].fine_cents -= amount_cents
    desk.waived.append({"member": member, "amount_cents": amount_cents})
    return {"member": member, "fine_cents": desk.members[member].fine_cents}


def ask_librarian(desk: Desk, question: str) -> str:
    """Hand the matter to a librarian."""
    return "A librarian will call back."


DOMAIN = Domain(
    name="lending_desk",
    state=Desk,
    start=start,
    tools=(find_loan, check_email, renew, waive_fine, ask_librarian),
    latency_s={"find_loan": 0.2},
)
