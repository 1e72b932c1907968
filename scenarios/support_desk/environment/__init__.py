"""The support desk of Fernhill, an outdoor shop that does not exist: what the agent reads and changes."""

from evalplat.harness.simulate import Domain

from . import accounts, money, orders, people
from .start import start
from .state import Desk

DOMAIN = Domain(
    name="support_desk",
    state=Desk,
    start=start,
    tools=(
        accounts.find_customer,
        accounts.get_customer,
        accounts.check_identity,
        accounts.change_contact,
        accounts.close_account,
        orders.list_orders,
        orders.get_order,
        orders.get_product,
        orders.cancel_order,
        orders.change_address,
        orders.exchange_item,
        orders.track_parcel,
        orders.open_parcel_search,
        orders.send_replacement,
        money.list_refunds,
        money.ask_supervisor,
        money.refund,
        money.get_voucher,
        money.issue_voucher,
        people.read_mail,
        people.write_mail,
        people.log_complaint,
        people.hand_off,
    ),
    latency_s={"ask_supervisor": 4.0, "refund": 1.2, "track_parcel": 0.8, "issue_voucher": 0.6},
)
