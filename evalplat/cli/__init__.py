"""The command line: a thin shell. Each command calls one verb of `evalplat.sdk`."""

from .main import main

__all__ = ["main"]
