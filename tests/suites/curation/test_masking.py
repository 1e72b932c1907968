"""Masking of cases: nothing that was masked is left, and who is who can still be told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.errors import CaseError
from evalplat.records import Case, Expectation
from evalplat.suites.curation import Masker, leaks_of, masked_case

KEY = "sk-proj-abcdefghijklmnop1234567890"


def test_the_same_text_gets_the_same_mask_in_every_field():
    case = Case(
        id="from ana.roe@mailbox.org",
        input="Write to Ana.Roe@mailbox.org, not to bob@mailbox.org; call +353 86 123 4567 or +353-86-1234567.",
        expect=Expectation(answers=("sent to ana.roe@mailbox.org",)),
        slices={"who": "bob@mailbox.org"},
    )
    clean, masked = masked_case(case, Masker())
    assert clean.id == "from [e-mail 1]"
    assert clean.input == "Write to [e-mail 1], not to [e-mail 2]; call [phone 1] or [phone 1]."
    assert clean.expect.answers == ("sent to [e-mail 1]",)
    assert clean.slices == {"who": "[e-mail 2]"}
    assert masked == {
        "id": ("e-mail",),
        "input": ("e-mail", "phone"),
        "expect.answers.0": ("e-mail",),
        "slices.who": ("e-mail",),
    }


def test_names_of_fields_are_texts_too():
    case = Case(id="a", input="x", expect=Expectation(json_schema={"properties": {"ana@mailbox.org": {}}}))
    clean, masked = masked_case(case, Masker())
    assert clean.expect.json_schema == {"properties": {"[e-mail 1]": {}}}
    assert masked == {"expect.json_schema.properties": ("e-mail",)}


def test_addresses_of_nobody_go_too_and_known_values_are_found():
    masker = Masker(lambda text: text.replace("hunter2hunter2", "[redacted]"))
    assert masker.text("x@example.com hunter2hunter2") == ("[e-mail 1] [redacted]", ("e-mail", "secret"))
    assert Masker(nobody=False).text("x@example.com y@mailbox.org") == ("x@example.com [e-mail 1]", ("e-mail",))


def test_a_secret_that_holds_an_address_is_masked_whole():
    text, kinds = Masker().text("https://ana:ana@mailbox.org/ and https://u:pw-1234567@host.org/")
    assert "pw-1234567" not in text
    assert "secret" in kinds


words = st.sampled_from(
    [
        KEY,
        "ana@mailbox.org",
        "b.o.b@web.de",
        "+49 30 901820",
        "4111 1111 1111 1111",
        "refund",
        "for",
        "8.8.8.8",
        "\n",
        "é",
    ]
)


@given(st.lists(words, min_size=1, max_size=12), st.sampled_from([" ", ", ", ": "]))
def test_nothing_is_left_and_masking_twice_changes_nothing(parts: list[str], between: str):
    case = Case(id="a", input=f"q {between.join(parts)}")
    clean, _ = masked_case(case, Masker())
    assert not list(leaks_of(clean))
    assert not any(part in clean.input for part in parts if any(c in part for c in "@+8k") and part.strip())
    again, masked = masked_case(clean, Masker())
    assert again == clean
    assert masked == {}


@pytest.mark.parametrize("text", ["api_key: [redacted]", "access_token=abcdefgh12", "Bearer abcdefgh12", f"key {KEY}"])
def test_what_is_masked_is_no_leak(text: str):
    clean, _ = masked_case(Case(id="a", input=text), Masker())
    assert not list(leaks_of(clean))
    assert masked_case(clean, Masker())[0] == clean


def test_a_number_is_found_behind_another():
    assert Masker().text("4111 1111 1111 1111 8.8.8.8")[0] == "[card 1] [ip 1]"


def test_leaks_name_the_place_but_not_what_is_reserved_for_examples():
    case = Case(id="a", input=f"{KEY} x@example.com", expect=Expectation(answers=("ana@mailbox.org",)))
    assert sorted(leaks_of(case)) == [("expect.answers.0", "e-mail"), ("input", "secret")]


def test_a_case_that_masking_breaks_is_refused():
    # A value of the environment that happens to be the name of a field.
    masker = Masker(lambda text: text.replace("input", "[redacted]"))
    with pytest.raises(CaseError, match=r"case 'a', masked: unknown field '\[redacted\]'"):
        masked_case(Case(id="a", input="x"), masker)
