"""Normalisation and whole words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.scorers.wording import find_words, normalize, unfenced

anything = st.text(max_size=40)


@given(text=anything, fold=st.booleans())
def test_normalising_twice_changes_nothing_more(text, fold):
    once = normalize(text, fold_case=fold)
    assert normalize(once, fold_case=fold) == once


@given(text=anything)
def test_canonically_equal_texts_are_equal(text):
    assert normalize(unicodedata.normalize("NFD", text)) == normalize(unicodedata.normalize("NFC", text))


@given(text=st.text(st.characters(codec="ascii")))
def test_case_and_whitespace_do_not_matter(text):
    assert normalize(text.upper()) == normalize(text) == normalize(f"\n {text.replace(' ', chr(0xA0) + ' ')}\t")
    assert normalize(text, fold_case=False).lower() == normalize(text)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("don’t “do” it", 'don\'t "do" it'),
        ("3–5 days—or so", "3-5 days-or so"),
        ("ﬁne ＡＢＣ 𝐏aris", "fine abc paris"),
        ("Straße", "strasse"),
        ("2\u202f500\u00a0km", "2 500 km"),
        ("co\u00adop\u200berate", "cooperate"),
        ("٣٤", "34"),
        ("10² m", "10^2 m"),
        ("H₂O", "h2o"),
        ("5½", "5^1/2"),
        ("½ cup", "1/2 cup"),
        ("wait…", "wait..."),
        ("`code`", "'code'"),
    ],
)
def test_typography(written, plain):
    assert normalize(written) == plain


@pytest.mark.parametrize(
    ("needle", "text"),
    [
        ("5", "It is 5."), ("5", "(5)"), ("5", "$5"), ("5", "5-day"), ("5", "5, 6"), ("5", "5%"), ("5", "no.5"),
        ("30 days", "Within\u00a030\nDAYS!"), ("4.95", "€4.95."), ("paris", "Paris’s"), ("-5", "at -5 degrees"),
        ("c++", "We use C++."), ("3-5 days", "3–5 days"), ("café", "cafe\u0301"), ("东京", "答案是东京。"),
        ("12:30", "at 12:30."), ("a b", "x a b"), ("5", "15 or 5"), (".5", "is .5"),
    ],
)  # fmt: skip
def test_whole_words_are_found(needle, text):
    assert find_words(normalize(needle), normalize(text)) >= 0


@pytest.mark.parametrize(
    ("needle", "text"),
    [
        ("5", "15"), ("5", "51"), ("5", "4.95"), ("5", "5.5"), ("5", "5,000"), ("5", "1,5"), ("5", "3-5"),
        ("5", "5–7"), ("5", "-5"), ("5", "−5"), ("5", ".5"), ("5", "$.5"), ("5", "10:5"), ("5", "1/5"), ("5", "5½"),
        ("5", "5 ½"), ("5", "v5"), ("5", "5kg"), ("10", "10²"), ("2", "10²"), ("102", "10²"), ("-5", "3-5"),
        (".5", "4.5"), ("30 days", "30-day"), ("paris", "Parisian"), ("paris", "comparison"), ("e", "cafe\u0301"),
        ("in", "in_stock"), ("", "anything"),
    ],
)  # fmt: skip
def test_parts_of_words_and_numbers_are_not(needle, text):
    assert find_words(normalize(needle), normalize(text)) == -1


words = st.text(st.sampled_from("abcdé0123456789"), min_size=1, max_size=6)


@given(before=st.lists(words), needle=words, after=st.lists(words))
def test_a_word_between_words_is_found(before, needle, after):
    text = normalize(" ".join([*before, needle, *after]))
    assert find_words(normalize(needle), text) >= 0


@given(needle=words, glued=words, left=st.booleans())
def test_a_word_glued_to_another_is_not(needle, glued, left):
    text = glued + needle if left else needle + glued
    assert find_words(needle, text) == -1 or needle in (text, "")


@given(needle=anything, text=anything)
def test_what_is_found_stands_there(needle, text):
    needle, text = normalize(needle), normalize(text)
    at = find_words(needle, text)
    assert at == -1 or text[at : at + len(needle)] == needle
    assert find_words(text, text) == (0 if text else -1)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('```json\n{"a": 1}\n```', '{"a": 1}'), ("```\n1\n```\n", "1"), (" 1 ", "1"),
        ("```json {}```", "```json {}```"), ("```", "```"), ("see:\n```\n1\n```", "see:\n```\n1\n```"),
        ("```\n```", ""),
    ],
)  # fmt: skip
def test_a_code_fence_around_the_whole_is_taken_off(text, inside):
    assert unfenced(text) == inside
