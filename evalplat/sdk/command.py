"""The command that a page says it was made by."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def command() -> str:
    """The command line that is being run, as a shell would take it; for a library call the verb."""
    program = Path(sys.argv[0]).name if sys.argv else ""
    return shlex.join(["evalplat", *sys.argv[1:]]) if program == "evalplat" else "evalplat.gate(...)"
