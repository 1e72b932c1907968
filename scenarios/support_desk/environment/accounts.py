"""Tools about customers: finding, checking who they are, changing how they are reached."""

from __future__ import annotations

from typing import Any

from evalplat.harness.simulate import ToolError

from .lookup import customer_of, order_of
from .state import Desk

MAX_FAILED_CHECKS = 3


def find_customer(
    desk: Desk, email: str | None = None, name: str | None = None, order_id: str | None = None
) -> list[dict[str, Any]]:
    """Find customers by the e-mail address on file, by name or by an order's number; give exactly one of them.

    Returns customer_id and name of each match, which is no proof of who is asking.
    """
    if sum(part is not None for part in (email, name, order_id)) != 1:
        raise ToolError("give exactly one of email, name and order_id")
    if order_id is not None:
        wanted = order_of(desk, order_id).customer_id
        return [{"customer_id": wanted, "name": desk.customers[wanted].name}]
    hits = (
        (customer_id, customer.name)
        for customer_id, customer in sorted(desk.customers.items())
        if (email is not None and customer.email.casefold() == email.strip().casefold())
        or (name is not None and customer.name.casefold() == name.strip().casefold())
    )
    return [{"customer_id": customer_id, "name": found} for customer_id, found in hits]


def get_customer(desk: Desk, customer_id: str) -> dict[str, Any]:
    """Everything on file of a customer, with internal notes, whether the identity was checked, and vouchers."""
    customer = customer_of(desk, customer_id)
    vouchers = {code: v for code, v in sorted(desk.vouchers.items()) if v.customer_id == customer_id}
    return {"customer_id": customer_id, **customer.model_dump(mode="json"), "vouchers": vouchers}


def check_identity(
    desk: Desk,
    customer_id: str,
    email: str | None = None,
    postcode: str | None = None,
    date_of_birth: str | None = None,
) -> dict[str, Any]:
    """Check what the customer told you against the account: at least two of e-mail address, postcode, date of birth
    (YYYY-MM-DD). All that you give must be right. The third wrong check in a row locks the account.
    """
    customer = customer_of(desk, customer_id)
    if customer.locked:
        return {"customer_id": customer_id, "verified": False, "locked": True}
    given = [
        (email, customer.email),
        (postcode, customer.address.postcode),
        (date_of_birth, customer.date_of_birth.isoformat()),
    ]
    told = [(_plain(fact), _plain(on_file)) for fact, on_file in given if fact is not None]
    if len(told) < 2:
        raise ToolError("give at least two of email, postcode and date_of_birth")
    if all(fact == on_file for fact, on_file in told):
        customer.verified, customer.failed_checks = True, 0
    else:
        customer.verified, customer.failed_checks = False, customer.failed_checks + 1
        customer.locked = customer.failed_checks >= MAX_FAILED_CHECKS
    left = MAX_FAILED_CHECKS - customer.failed_checks
    return {
        "customer_id": customer_id,
        "verified": customer.verified,
        "locked": customer.locked,
        "attempts_left": left,
    }


def change_contact(desk: Desk, customer_id: str, email: str | None = None, phone: str | None = None) -> dict[str, Any]:
    """Change the e-mail address or the phone number on file."""
    customer = customer_of(desk, customer_id)
    if (email is None) == (phone is None):
        raise ToolError("give either email or phone")
    if email is not None:
        name, _, host = email.partition("@")
        if not name or "." not in host or " " in email:
            raise ToolError(f"{email!r} is no e-mail address")
        customer.email = email
    if phone is not None:
        customer.phone = phone
    return {"customer_id": customer_id, "email": customer.email, "phone": customer.phone}


def close_account(desk: Desk, customer_id: str, reason: str) -> dict[str, Any]:
    """Close a customer's account for good. Orders and invoices are kept as the law asks. Cannot be undone."""
    if desk.customers.get(customer_id) is not None and desk.customers[customer_id].closed:
        return {"customer_id": customer_id, "closed": True, "reason": reason}
    customer_of(desk, customer_id).closed = True
    return {"customer_id": customer_id, "closed": True, "reason": reason}


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
