"""Tools about orders, goods and parcels."""

from __future__ import annotations

from typing import Any, Literal

from evalplat.harness.simulate import ToolError

from .lookup import customer_of, line_of, order_of, product_of, refunded_cents
from .money import pay
from .state import Address, Desk, Replacement


def list_orders(desk: Desk, customer_id: str) -> list[dict[str, Any]]:
    """All orders of a customer, newest first: number, when it was placed, status, goods and what was paid."""
    customer_of(desk, customer_id)
    own = [(order_id, order) for order_id, order in desk.orders.items() if order.customer_id == customer_id]
    own.sort(key=lambda pair: (pair[1].placed_at, pair[0]), reverse=True)
    return [
        {
            "order_id": order_id,
            "placed_at": order.placed_at.isoformat(timespec="minutes"),
            "status": order.status,
            "goods": [line.name for line in order.lines],
            "paid_cents": order.paid_cents,
        }
        for order_id, order in own
    ]


def get_order(desk: Desk, order_id: str) -> dict[str, Any]:
    """An order with its lines, prices, returns, dates, address, note, what was paid and paid back, and the time now."""
    order = order_of(desk, order_id)
    return {
        "order_id": order_id,
        **order.model_dump(mode="json", exclude={"parcel"}),
        "paid_cents": order.paid_cents,
        "refunded_cents": refunded_cents(desk, order_id),
        "now": desk.now.isoformat(timespec="minutes"),
    }


def get_product(desk: Desk, sku: str) -> dict[str, Any]:
    """A product: name, kind, today's price and the stock by size (`one` where it has no sizes)."""
    return {"sku": sku, **product_of(desk, sku).model_dump(mode="json")}


def cancel_order(desk: Desk, order_id: str, reason: str) -> dict[str, Any]:
    """Cancel an order that has not been shipped. What was paid goes back by itself: no refund is needed."""
    order = order_of(desk, order_id)
    if order.status in ("shipped", "delivered"):
        raise ToolError(f"order {order_id} is {order.status}; it cannot be cancelled any more")
    if order.status != "cancelled":
        order.status = "cancelled"
        due = order.paid_cents - refunded_cents(desk, order_id)
        pay(desk, order_id, due, f"cancelled: {reason}", f"{order_id}-cancelled")
    return {"order_id": order_id, "status": "cancelled", "refunded_cents": refunded_cents(desk, order_id)}


def change_address(
    desk: Desk, order_id: str, street: str, postcode: str, city: str, country: str = "Ireland"
) -> dict[str, Any]:
    """Change where an order is sent. Only orders that have not been shipped can be changed."""
    order = order_of(desk, order_id)
    if order.status not in ("placed", "packed"):
        raise ToolError(f"order {order_id} is {order.status}; its address cannot be changed any more")
    order.ship_to = Address(street=street, postcode=postcode, city=city, country=country)
    return {"order_id": order_id, "ship_to": order.ship_to}


def exchange_item(desk: Desk, order_id: str, sku: str, new_size: str) -> dict[str, Any]:
    """Exchange a delivered item for another size: reserves the new one and sends a free return label."""
    order = order_of(desk, order_id)
    line, product = line_of(order, order_id, sku), product_of(desk, sku)
    if line.exchanged_for != new_size:
        if new_size not in product.stock:
            raise ToolError(f"{sku} has no size {new_size!r}; sizes: {', '.join(product.stock)}")
        if product.stock[new_size] < 1:
            raise ToolError(f"{sku} in size {new_size} is out of stock")
        product.stock[new_size] -= 1
        line.exchanged_for = new_size
    return {"order_id": order_id, "sku": sku, "exchanged_for": new_size}


def track_parcel(desk: Desk, order_id: str) -> dict[str, Any]:
    """Where the parcel of an order is, by the courier's last scan, and working days since dispatch."""
    parcel = order_of(desk, order_id).parcel
    if parcel is None:
        raise ToolError(f"order {order_id} has not been dispatched")
    days = sum(
        1
        for ordinal in range(parcel.dispatched_on.toordinal() + 1, desk.now.date().toordinal() + 1)
        if (ordinal - 1) % 7 < 5  # ordinal 1 is a Monday
    )
    return {"order_id": order_id, **parcel.model_dump(mode="json"), "working_days_since_dispatch": days}


def open_parcel_search(desk: Desk, order_id: str) -> dict[str, Any]:
    """Have the courier search for a parcel. It takes 5 days, and the customer gets a message."""
    parcel = order_of(desk, order_id).parcel
    if parcel is None:
        raise ToolError(f"order {order_id} has not been dispatched")
    if parcel.status == "not_found":
        raise ToolError(f"the search for the parcel of {order_id} has ended: it was not found")
    if parcel.status != "searching":
        parcel.status, parcel.search_opened_on = "searching", desk.now.date()
    return {"order_id": order_id, "status": parcel.status, "search_opened_on": parcel.search_opened_on}


def send_replacement(
    desk: Desk, order_id: str, sku: str, reason: Literal["lost", "damaged", "faulty"]
) -> dict[str, Any]:
    """Send the same item once more, free of charge."""
    line, product = line_of(order_of(desk, order_id), order_id, sku), product_of(desk, sku)
    asked = Replacement(order_id=order_id, sku=sku, reason=reason)
    if asked not in desk.replacements:
        size = line.size or "one"
        if product.stock.get(size, 0) < 1:
            raise ToolError(f"{sku} in size {size} is out of stock")
        product.stock[size] -= 1
        desk.replacements.append(asked)
    return {"order_id": order_id, "sku": sku, "status": "replacement on its way"}
