"""Planning: what a gate will need, before it is run."""

from .guesses import Guesses
from .plan import Asked, plan_from_guesses, plan_from_history
from .prices import Price, price_of_trials

__all__ = ["Asked", "Guesses", "Price", "plan_from_guesses", "plan_from_history", "price_of_trials"]
