"""What must not leave the house: the shapes of keys and tokens, and of data about people. One list for every room.

The text is hostile, so each pattern takes linear time: it starts only where its own characters do not go on before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MASK = "[redacted]"

# With each pattern what a text must hold, in lower case, to be worth looking through.
_SECRETS = tuple(
    (hints, re.compile(pattern))
    for hints, pattern in (
        (("k-",), r"(?<![\w-])[spr]k-[\w-]{16,}"),  # OpenAI, Anthropic and their like
        (("gh", "github_pat"), r"(?<!\w)gh[pousr]_[A-Za-z0-9]{20,}|(?<!\w)github_pat_\w{22,}"),
        (("akia", "asia"), r"(?<!\w)(?:AKIA|ASIA)[0-9A-Z]{16}(?!\w)"),
        (("aiza",), r"(?<![\w-])AIza[\w-]{35}"),
        (("hf", "dapi"), r"(?<!\w)(?:hf|dapi)[-_][A-Za-z0-9]{16,}"),
        (("glpat", "xox"), r"(?<![\w-])(?:glpat|xox[abeprs])-[\w-]{10,}"),
        (("eyj",), r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"),  # a JSON web token
        (("-----begin",), r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\w+/=\s\\]*"),
        (("://",), r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),  # user and password in a URL
        (("bearer ",), r"(?i)(?<=bearer )[\w.~+/=-]{8,}"),
    )
)
_NAMED_SECRET = re.compile(
    r"(?i)((?<![a-z])(?:(?:x-)?(?:api[_-]?key|access[_-]?token|client[_-]?secret)\\*[\"']?\s*[:=]"
    r"|passw(?:or)?d\s{0,9}=)\s*\\*[\"']?)"  # of a password with a colon much is said in plain words
    r"(?!\[(?:redacted\]|secret [0-9]))[^\s\"'\\&,;]{6,}"  # what is masked already is none
)

_DIGITS = re.compile(r"[0-9]")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])")
_CARD = re.compile(r"(?<![\w.-])(?:[0-9][ -]?){12,18}[0-9](?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])")
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_IP = re.compile(rf"(?<![\w.]){_BYTE}(?:\.{_BYTE}){{3}}(?!\w|\.\w)")
# With a country's code, or grouped as North American numbers are; a bare row of digits may be an order.
_PHONE = re.compile(
    r"(?<![\w+])\+[1-9][0-9]{0,3}(?:[ .()-]{0,2}[0-9]){6,12}(?![\w-])"
    r"|(?<![\w-])(?:\([0-9]{3}\) ?|[0-9]{3}[-.])[0-9]{3}[-.][0-9]{4}(?![\w-])"
)

# Names that RFC 2606 and 6761 keep for examples, and numbers that are nobody's.
_NOBODY_EMAIL = re.compile(r"(?i)@(?:[\w-]+\.)*(?:example(?:\.(?:com|org|net))?|test|invalid|localhost)$")
_NOBODY_PHONE = re.compile(r"555[ .-]?01[0-9]{2}$")
_NOBODY_IP = re.compile(r"^(?:0|10|127|255|192\.0\.2|198\.51\.100|203\.0\.113|192\.168|172\.(?:1[6-9]|2[0-9]|3[01]))\.")


@dataclass(frozen=True, slots=True)
class Found:
    """Where in a text what was found. `nobody`: of a shape that is reserved for examples, so it belongs to no one."""

    kind: str
    start: int
    end: int
    nobody: bool = False


def secrets_in(text: str) -> Iterator[Found]:
    """What has the shape of a key, a token or a password in a URL."""
    lower = text.lower()
    for hints, pattern in _SECRETS:
        if any(hint in lower for hint in hints):
            yield from (Found("secret", *match.span()) for match in pattern.finditer(text))
    if any(hint in lower for hint in ("key", "token", "secret", "passw")):
        yield from (Found("secret", match.end(1), match.end()) for match in _NAMED_SECRET.finditer(text))


def personal_in(text: str) -> Iterator[Found]:
    """What has the shape of an e-mail address, payment card, IBAN, US social security, telephone or IP number.

    Check digits of cards (Luhn) and IBANs (ISO 7064) must be right. Names and street addresses have no shape: they are
    not found.
    """
    digits = _DIGITS.search(text) is not None
    for kind, pattern, valid, nobody in _PERSONAL:
        if not ("@" in text if pattern is _EMAIL else digits):
            continue
        for match in pattern.finditer(text):
            if valid(match.group()):
                yield Found(kind, *match.span(), nobody=nobody is not None and bool(nobody.search(match.group())))


def without_secrets(text: str) -> str:
    """`text` with the shapes of keys, tokens and passwords in URLs masked."""
    for _, pattern in _SECRETS:
        text = pattern.sub(MASK, text)
    return _NAMED_SECRET.sub(rf"\g<1>{MASK}", text)


def without_personal(text: str) -> str:
    """`text` with the shapes of `personal_in` masked by their kind, those of nobody too."""
    for found in sorted(_apart(personal_in(text)), key=lambda found: -found.start):
        text = f"{text[: found.start]}[{found.kind}]{text[found.end :]}"
    return text


def _apart(found: Iterator[Found]) -> list[Found]:
    """Of those that overlap, the one that begins first, then the longest."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _luhn(text: str) -> bool:
    digits = [int(c) for c in reversed(text) if c.isdigit()]
    total = sum(d if at % 2 == 0 else sum(divmod(2 * d, 10)) for at, d in enumerate(digits))
    return len(set(digits)) > 1 and total % 10 == 0


def _iban(text: str) -> bool:
    plain = text.replace(" ", "")
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _always(_: str) -> bool:
    return True


_PERSONAL: tuple[tuple[str, re.Pattern[str], Callable[[str], bool], re.Pattern[str] | None], ...] = (
    ("e-mail", _EMAIL, _always, _NOBODY_EMAIL),
    ("card", _CARD, _luhn, None),
    ("iban", _IBAN, _iban, None),
    ("ssn", _SSN, _always, None),
    ("phone", _PHONE, _always, _NOBODY_PHONE),
    ("ip", _IP, _always, _NOBODY_IP),
)
