"""What several tools need: records by their id, or a ToolError that an agent can act on."""

from __future__ import annotations

from typing import TypeVar

from evalplat.harness.simulate import ToolError

from .state import Customer, Desk, Line, Order, Product

T = TypeVar("T")


def _found(records: dict[str, T], key: str, what: str) -> T:
    if key not in records:
        raise ToolError(f"there is no {what} {key!r}")
    return records[key]


def customer_of(desk: Desk, customer_id: str) -> Customer:
    """A customer that is there and not closed."""
    customer = _found(desk.customers, customer_id, "customer")
    if customer.closed:
        raise ToolError(f"the account {customer_id} is closed")
    return customer


def order_of(desk: Desk, order_id: str) -> Order:
    return _found(desk.orders, order_id, "order")


def product_of(desk: Desk, sku: str) -> Product:
    return _found(desk.products, sku, "product")


def line_of(order: Order, order_id: str, sku: str) -> Line:
    """The line of an order with this product."""
    for line in order.lines:
        if line.sku == sku:
            return line
    raise ToolError(f"order {order_id} has no {sku!r}; it has: {', '.join(line.sku for line in order.lines)}")


def refunded_cents(desk: Desk, order_id: str) -> int:
    """What has been paid back on an order."""
    return sum(refund.amount_cents for refund in desk.refunds if refund.order_id == order_id)
