"""Secrets out of text, before it leaves the runtime."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

from evalplat.redaction import MASK, without_secrets

MAX_MESSAGE_CHARS = 500

# Names of environment variables whose value is a secret, and how short a value may be to be searched for in text.
_SECRET_NAME = re.compile(
    r"(?i)API_?KEY|ACCESS_?KEY|SECRET|PRIVATE_?KEY|TOKEN|PASSWORD|PASSWD|CREDENTIAL|(?:^|_)(?:PAT|DSN)(?:_|$)"
)
_MIN_SECRET_CHARS = 8


class Redactor:
    """Masks what looks like a key or token, and the values of the environment's secrets wherever they occur."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        """`secrets` is names and values; without it, the environment's as it is now."""
        found = os.environ if secrets is None else secrets
        values = {
            value
            for name, value in found.items()
            if (secrets is not None or _SECRET_NAME.search(name)) and len(value.strip()) >= _MIN_SECRET_CHARS
        }
        forms = {form for value in values for form in _forms(value.strip())}
        # Longest first: a secret that contains another must be masked whole.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._values = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def known(self, text: str) -> str:
        """`text` without the values of known secrets; nothing else is changed."""
        return self._values.sub(MASK, text) if self._values else text

    def text(self, text: str) -> str:
        """`text` without known secrets, and without what has the shape of one."""
        return without_secrets(self.known(text))

    def line(self, text: str) -> str:
        """`text` redacted, as one line of at most 500 characters."""
        line = " ".join(self.text(clean(text)).split())
        return line if len(line) <= MAX_MESSAGE_CHARS else line[: MAX_MESSAGE_CHARS - 3] + "..."


def looks_secret(name: str, value: str) -> bool:
    """Whether an environment variable's name says that it is a secret, or its value has the shape of one."""
    return bool(_SECRET_NAME.search(name)) or without_secrets(value) != value


def redact(text: str) -> str:
    """`text` with API keys, bearer tokens and the values of the environment's secrets masked."""
    return Redactor().text(text)


def clean(text: str) -> str:
    """`text` with what is not Unicode text (half a surrogate pair) as U+FFFD: records, files and stores refuse it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _forms(value: str) -> set[str]:
    """How a value is written: as it is, and inside JSON."""
    return {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
