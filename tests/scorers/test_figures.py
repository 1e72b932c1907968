"""Numbers that a text states."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.scorers.figures import close, stated_numbers


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,234.50", [1234.5]), ("1'234'567", [1234567]), ("It costs $4.95.", [4.95]), ("-$5 and $-5", [-5, -5]),
        ("−3 °C", [-3]), ("(-3)", [-3]), ("a-3", [3]), ("5% of 20kg", [5, 20]), ("1e-3", [0.001]), ("5E2", [500]),
        (".5 or -.5", [0.5, -0.5]), ("5, 6 and 7.", [5, 6, 7]), ("£1,234,567.89!", [1234567.89]), ("２３", [23]),
        ("v5 x_7 abc12", []), ("no number", []), ("", []), ("10 000", [10, 0]), ("007", [7]),
        ("3-5 days", [None]), ("10:30", [None]), ("1.2.3", [None]), ("2024-05-01", [None]), ("1.234,50", [None]),
        ("4,95", [None]), ("12,34,567", [None]), ("5½", [None]), ("1/2", [None]), ("1e999", [None]),
        ("9" * 401, [None]),
    ],
)  # fmt: skip
def test_what_is_read(text, values):
    assert [number.value for number in stated_numbers(text)] == values


@given(value=st.floats(-1e15, 1e15, allow_nan=False), before=st.sampled_from(["", "is ", "($", "=", "€"]))
def test_any_number_is_read_as_python_writes_it(value, before):
    for text in (repr(value), f"{value:.2f}", f"{value:,.2f}"):
        numbers = stated_numbers(f"{before}{text} days")
        assert [number.value for number in numbers] == [float(text.replace(",", ""))], text


@given(text=st.text(max_size=60))
def test_any_text_can_be_read(text):
    for number in stated_numbers(text):
        assert number.value is None or abs(number.value) < float("inf")


@given(expected=st.floats(-1e9, 1e9), tolerance=st.floats(0, 1e6), share=st.floats(0, 3))
def test_tolerance(expected, tolerance, share):
    value = expected + share * tolerance
    inside = abs(value - expected) <= tolerance
    if inside:
        assert close(value, expected, absolute=tolerance)
    elif abs(value - expected) > tolerance * 1.001 + 1e-9 * (1 + abs(expected)):
        assert not close(value, expected, absolute=tolerance)


def test_the_rounding_of_binary_fractions_is_forgiven():
    assert close(0.1 + 0.2, 0.3)
    assert close(4.9, 5.0, absolute=0.1)
    assert not close(4.89, 5.0, absolute=0.1)
    assert close(102.0, 100.0, relative=0.02)
    assert not close(102.1, 100.0, relative=0.02)


@pytest.mark.parametrize("text", ["1" * 300_000, "1," * 150_000, "1-" * 150_000, "5" + "." * 300_000, "5 " * 150_000])
def test_long_texts_take_linear_time(text):
    start = time.process_time()
    stated_numbers(text)
    assert time.process_time() - start < 5
