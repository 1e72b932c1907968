"""PriceTable: what a token costs, from genai-prices and from the user's own table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from pydantic import Field

from evalplat.records import Record, build, parse_yaml

from .call import Tokens
from .endpoint import Endpoint


class Price(Protocol):
    """Turns tokens into US dollars."""

    def cost(self, tokens: Tokens) -> float:
        """US dollars for one call."""


class OwnPrice(Record):
    """US dollars per million tokens. `cached_input` is for input that the provider had cached; default `input`."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)

    def cost(self, tokens: Tokens) -> float:
        """US dollars for one call."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = tokens.input - tokens.cached
        return (fresh * self.input + tokens.cached * cached + tokens.output * self.output) / 1e6


class _PriceFile(Record):
    prices: dict[str, OwnPrice]


class PriceTable:
    """Prices by endpoint: the user's own first, then those that genai-prices lists for the provider behind the URL.

    `overrides` maps names as agents use them (`openai:NAME`) to prices. What this process serves is free. A provider
    is known by its URL and never guessed from the name of a model: a proxy may charge anything. The list is the one
    inside the installed genai-prices; nothing is fetched.
    """

    def __init__(self, overrides: Mapping[str, OwnPrice] | None = None) -> None:
        self._own = dict(overrides or {})

    @classmethod
    def load(cls, path: Path) -> PriceTable:
        """Read `prices: {NAME: {input: USD, output: USD, cached_input: USD}}`, per million tokens. Raises SpecError."""
        data, lines = parse_yaml(path.read_text(encoding="utf-8"), where=str(path))
        return cls(build(_PriceFile, data, where=str(path), lines=lines).prices)

    def price(self, endpoint: Endpoint) -> Price | None:
        """The price of an endpoint's model, or None where it is not known."""
        own = self._own.get(endpoint.price_key)
        if own is not None:
            return own
        if endpoint.free:
            return OwnPrice(input=0, output=0)
        listed = _Listed(endpoint.model, endpoint.base_url)
        return listed if listed.known else None

    def cost_at(self, model: str, base_url: str, *, input_tokens: int, output_tokens: int) -> float | None:
        """US dollars for a call that somebody else's client made; an own price is that of `openai:MODEL`."""
        tokens = Tokens(input_tokens, output_tokens, 0)
        own = self._own.get(f"openai:{model}")
        if own is not None:
            return own.cost(tokens)
        listed = _Listed(model, base_url)
        return listed.cost(tokens) if listed.known else None


class _Listed:
    """A price of genai-prices, which knows tiers and times of day."""

    def __init__(self, model: str, base_url: str) -> None:
        self._model, self._base_url = model, base_url

    @property
    def known(self) -> bool:
        try:
            self.cost(Tokens(1, 1, 1))
        except (LookupError, ValueError):
            return False
        return True

    def cost(self, tokens: Tokens) -> float:
        from genai_prices import Usage, calc_price

        cached = {"cache_read_tokens": tokens.cached} if tokens.cached else {}
        usage = Usage(input_tokens=tokens.input, output_tokens=tokens.output, **cached)
        return float(calc_price(usage, self._model, provider_api_url=self._base_url).total_price)
