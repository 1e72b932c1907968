"""The model gateway: providers, retries, budgets, prices, cache."""

from .budget import Budget, Spend
from .cache import ResponseCache
from .endpoint import Endpoint, resolve
from .failures import as_model_error, find_model_error
from .gateway import Gateway
from .policy import RetryPolicy
from .prices import OwnPrice, Price, PriceTable

__all__ = [
    "Budget",
    "Endpoint",
    "Gateway",
    "OwnPrice",
    "Price",
    "PriceTable",
    "ResponseCache",
    "RetryPolicy",
    "Spend",
    "as_model_error",
    "find_model_error",
    "resolve",
]
