"""What an URL may hold, which answers mean that nothing was done, and how long to wait before asking again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from random import Random
from urllib.parse import parse_qsl, urlsplit

from evalplat.errors import InputError

DECLINED = frozenset({425, 429, 503})
"""Statuses by which a server says that it did not begin to work (RFC 8470, RFC 6585, RFC 9110)."""

_FIRST_WAIT_S = 0.5
_MAX_BACKOFF_S = 30.0
_SECRET = re.compile(
    r"(^|[_-])(key|token|secret|password|passwd|pwd|sig|signature|auth|credential)s?($|[_-])|apikey", re.I
)


def checked_url(url: str) -> str:
    """The URL without its fragment. Raises InputError where it is none, or would bring a secret into the records."""
    try:
        parts = urlsplit(url)
        port_is_a_number = parts.port is None or parts.port >= 0
    except ValueError as err:
        raise InputError(f"the target's URL cannot be read: {err}") from err
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_a_number or not url.isprintable():
        raise InputError("a target's URL is http(s)://host[:port]/path")
    if parts.username is not None or parts.password is not None:
        raise InputError(
            f"the URL of the target at {parts.hostname} holds a user or password, which would be kept with the run; "
            "set EVALPLAT_TARGET_AUTHORIZATION to the value of the Authorization header instead"
        )
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if _SECRET.search(name):
            raise InputError(
                f"the URL of the target at {parts.hostname} holds {name!r}, which would be kept with the run; "
                "set EVALPLAT_TARGET_AUTHORIZATION to the value of the Authorization header instead"
            )
    return parts._replace(fragment="").geturl()


def backoff_s(attempt: int, jitter: Random) -> float:
    """Full jitter: uniform up to 0.5 s doubled with each attempt (from 0), at most 30 s."""
    return jitter.uniform(0, min(_MAX_BACKOFF_S, _FIRST_WAIT_S * 2**attempt))


def retry_after_s(value: str | None) -> float | None:
    """Seconds that `Retry-After` asks for (a number or a date), or None where it is absent or unreadable."""
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}", value.strip()):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def no_cookies() -> CookieJar:
    """A jar that takes none: what one trial is given must not reach the next."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))
