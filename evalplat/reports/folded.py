"""Findings as a page lists them: of each code a few, and the rest folded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_SHOWN: Final = 200
_OF_A_CODE: Final = 3


def folded(findings: Sequence[Any]) -> dict[str, Any] | None:
    """Variables of the warnings panel; None where there is nothing to warn of.

    Dozens of slices would else stand before the answers.
    """
    if not findings:
        return None
    shown = findings[:_SHOWN]
    of_code = {code: [one for one in shown if one.code == code] for code in dict.fromkeys(one.code for one in shown)}
    groups = [
        (same[:_OF_A_CODE], same[_OF_A_CODE:]) if len(same) > _OF_A_CODE + 1 else (same, [])
        for same in of_code.values()
    ]
    return {"groups": groups, "total": len(findings), "left": len(findings) - len(shown)}
