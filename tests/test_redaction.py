"""Shapes of secrets and of data about people: found, masked, and not seen where they are not."""

from __future__ import annotations

import time

import pytest

from evalplat.redaction import personal_in, secrets_in, without_personal, without_secrets
from evalplat.reports.text import redacted
from evalplat.runtime.telemetry import Redactor

SECRETS = [
    "sk-proj-abcdefghij0123456789",
    "pk-lf-abcdefghij0123456789",
    "ghp_" + "a1" * 20,
    "github_pat_" + "a1" * 12,
    "AKIA" + "A1" * 8,
    "AIza" + "a1-_x" * 7,
    "hf_" + "x9" * 16,
    "glpat-" + "x9" * 10,
    "xoxb-1234567890-abc",
    "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_every_room_masks_the_same(secret):
    text = f"the key is {secret}, ok"
    assert without_secrets(text) == redacted(text) == Redactor({}).text(text) == "the key is [redacted], ok"
    assert [text[found.start : found.end] for found in secrets_in(text)] == [secret]


@pytest.mark.parametrize(
    "text", ["password=hunter2secret", 'login(PASSWD = "hunter2secret")', "x&password=hunter2secret"]
)
def test_a_password_that_is_named_is_masked_and_talk_of_one_is_not(text):
    assert "hunter2" not in without_secrets(text)
    assert without_secrets("Password: required, eight letters") == "Password: required, eight letters"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("e-mail", "o.neill+orders@fernhill.ie"),
        ("card", "4111 1111 1111 1111"),
        ("card", "378282246310005"),
        ("iban", "GB82 WEST 1234 5698 7654 32"),
        ("iban", "DE89370400440532013000"),
        ("ssn", "219-09-9999"),
        ("phone", "+353 1 234 5678"),
        ("phone", "+49 (0)30 1234567"),
        ("phone", "(415) 867-5309"),
        ("ip", "81.2.69.142"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "call {}, please.", '{{"a": "{}"}}', "({})"])
def test_data_about_people_is_found_and_masked_by_kind(kind, text, around):
    found = [(one.kind, one.nobody) for one in personal_in(around.format(text))]
    assert (kind, False) in found
    masked = without_personal(around.format(text))
    assert masked == around.format(f"[{kind}]")


@pytest.mark.parametrize(
    "text", ["ana@example.com", "x@shop.example", "555-0142", "(212) 555-0142", "192.168.1.7", "127.0.0.1"]
)
def test_what_is_reserved_for_examples_belongs_to_nobody(text):
    assert all(found.nobody for found in personal_in(text))


@pytest.mark.parametrize(
    "text",
    [
        "Order 4111 1111 1111 1112 of 2026-03-01, 12.50 EUR.",  # Luhn is wrong
        "GB82 WEST 1234 5698 7654 33",  # ISO 7064 is wrong
        "Part 000-12-3456, version 2.10.3, ratio 1.2.3.4.5, 0000000000000000",
        "Ticket 1234567890 at 10:30, mail @ana or ana@home",
        "a@b, twenty-five",
    ],
)
def test_prose_is_left_alone(text):
    assert list(personal_in(text)) == []
    assert without_personal(text) == text


@pytest.mark.parametrize("unit", ["a@", "a.b+", "1 ", "1-", "+1", "GB82", "GB82 ", "1.", "(415) 867-", "x@y."])
def test_hostile_text_takes_linear_time(unit):
    list(personal_in(unit * 2_000))
    start = time.perf_counter()
    list(personal_in(unit * 40_000))
    assert time.perf_counter() - start < 2.0, "quadratic time would be minutes"
