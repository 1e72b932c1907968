"""Tools: functions that an agent may call."""

from .load import load_tools
from .tool import Tool

__all__ = ["Tool", "load_tools"]
