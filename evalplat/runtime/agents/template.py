"""The user's prompt from its template."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLACE = re.compile(r"\{(question|passages)\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with `{question}` and `{passages}` replaced, in one pass.

    Questions and passages are hostile text: braces in them stay as they are, and a passage that holds `{question}` is
    not filled in its turn.
    """
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), template)
