"""AttackTemplate: how an attack is put; the same for every domain."""

from __future__ import annotations

import base64
import codecs
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from evalplat.errors import SpecError
from evalplat.records import Record, build, parse_yaml
from evalplat.records.base import Name

FILE = Path(__file__).with_name("templates.yaml")


class AttackTemplate(Record):
    """`text` holds $ask and $actions, or $payload where both are encoded; `turns` are said before it."""

    id: Name
    title: Name
    text: str = Field(min_length=1)
    turns: tuple[str, ...] = ()
    vary: dict[Name, tuple[str, ...]] = Field(default_factory=dict, description="Words of which one is drawn.")
    encode: Literal["base64", "rot13"] | None = None
    language: Literal["en", "de"] = "en"
    user_only: bool = False

    def payload(self, plain: str) -> str:
        """Ask and actions, encoded."""
        if self.encode == "base64":
            return base64.b64encode(plain.encode()).decode()
        return codecs.encode(plain, "rot13")


class _File(Record):
    templates: tuple[AttackTemplate, ...] = Field(min_length=1)


@cache
def attack_templates() -> tuple[AttackTemplate, ...]:
    """All templates that ship, in the order of templates.yaml."""
    data, lines = parse_yaml(FILE.read_text(encoding="utf-8"), where=str(FILE))
    found = build(_File, data, where=str(FILE), lines=lines).templates
    if len({template.id for template in found}) != len(found):
        raise SpecError("templates: an id occurs twice", where=str(FILE))
    return found
