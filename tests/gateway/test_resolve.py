"""From a model's name to its endpoint, and from an endpoint to its price."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalplat.errors import ModelRefused, ModelUnknown, SpecError
from evalplat.runtime.gateway import Endpoint, OwnPrice, PriceTable, resolve
from evalplat.runtime.gateway.call import Tokens

KEY = "sk-secret-0123456789"


def test_openai() -> None:
    endpoint = resolve("openai:gpt-4o", env={"OPENAI_API_KEY": KEY})
    assert (endpoint.base_url, endpoint.model) == ("https://api.openai.com/v1", "gpt-4o")
    assert endpoint.api_key.get_secret_value() == KEY
    assert KEY not in repr(endpoint) + str(endpoint)
    other = resolve(
        "openai:org/model:free", env={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:8000/v1/"}
    )
    assert (other.base_url, other.model) == ("http://127.0.0.1:8000/v1", "org/model:free")


@pytest.mark.parametrize("name", ["gpt-4o", "openai:", "gguf:", "anthropic:claude", "EMBEDDED", "embedded:x"])
def test_no_known_form(name: str) -> None:
    with pytest.raises(ModelUnknown, match="embedded, gguf:PATH or openai:NAME"):
        resolve(name, env={"OPENAI_API_KEY": KEY})


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown, match="no file"):
        resolve(f"gguf:{tmp_path / 'absent.gguf'}", env={})


@pytest.mark.parametrize("env", [{}, {"OPENAI_API_KEY": ""}, {"OPENAI_API_KEY": "  "}])
def test_a_missing_key_names_the_variable(env: dict[str, str]) -> None:
    with pytest.raises(ModelRefused, match="OPENAI_API_KEY"):
        resolve("openai:gpt-4o", env=env)


@pytest.mark.parametrize("key", ["sk-a b", "sk-é", "sk-a\nb"])
def test_a_key_that_no_header_holds(key: str) -> None:
    with pytest.raises(ModelRefused, match="OPENAI_API_KEY") as caught:
        resolve("openai:gpt-4o", env={"OPENAI_API_KEY": key})
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "api.openai.com/v1",
        "ftp://host/v1",
        "https://",
        "https://user:hunter2@host/v1",
        "https://host/v1?key=hunter2",
        "https://host/v1#hunter2",
        "https://host:port/v1",
        "https://[::1/v1",
    ],
)
def test_a_base_url_that_is_none_or_holds_a_secret(url: str) -> None:
    with pytest.raises(ModelUnknown, match="OPENAI_BASE_URL") as caught:
        resolve("openai:gpt-4o", env={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url})
    assert "hunter2" not in str(caught.value)


def openai_endpoint(model: str, base_url: str = "https://api.openai.com/v1") -> Endpoint:
    return resolve(f"openai:{model}", env={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": base_url})


def test_listed_prices() -> None:
    """gpt-4o: $2.50 and $10.00 per million tokens, $1.25 for cached input, as OpenAI published it."""
    price = PriceTable().price(openai_endpoint("gpt-4o"))
    assert price is not None
    assert price.cost(Tokens(1_000_000, 100_000)) == pytest.approx(3.5)
    assert price.cost(Tokens(1_000_000, 0, cached=400_000)) == pytest.approx(0.6 * 2.5 + 0.4 * 1.25)


@pytest.mark.parametrize(
    ("model", "url"),
    [
        ("gpt-nonsense", "https://api.openai.com/v1"),
        ("gpt-4o", "http://127.0.0.1:8000/v1"),
        ("gpt-4o", "https://proxy.example.org/v1"),
    ],
)
def test_no_price_is_guessed(model: str, url: str) -> None:
    assert PriceTable().price(openai_endpoint(model, url)) is None


def test_own_prices_come_first(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("prices:\n  openai:gpt-4o: {input: 1, output: 2, cached_input: 0.5}\n")
    price = PriceTable.load(path).price(openai_endpoint("gpt-4o", "http://127.0.0.1:8000/v1"))
    assert price is not None
    assert price.cost(Tokens(1_000_000, 1_000_000, cached=500_000)) == pytest.approx(0.5 + 0.25 + 2)


@pytest.mark.parametrize(
    "text",
    [
        "prices: {a: {input: -1, output: 1}}",
        "prices: {a: {input: .nan, output: 1}}",
        "price: {}",
        "[",
        "prices: {a: 3}",
    ],
)
def test_malformed_prices_name_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=r"prices\.yaml"):
        PriceTable.load(path)


@settings(deadline=None)  # the first look loads the list
@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_more_tokens_never_cost_less(few_in: int, more_in: int, few_out: int, more_out: int) -> None:
    """What budgets rest on: the price of an upper bound is an upper bound of the price."""
    listed = PriceTable().price(openai_endpoint("gpt-4o"))
    own = OwnPrice(input=0.3, output=7.7)
    assert listed is not None
    for price in (listed, own):
        low, high = Tokens(few_in, few_out), Tokens(few_in + more_in, few_out + more_out)
        assert price.cost(low) <= price.cost(high) or math.isclose(price.cost(low), price.cost(high))
