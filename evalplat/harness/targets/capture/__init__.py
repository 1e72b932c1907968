"""What somebody's Python agent did in a trial: its messages, tool calls and usage, seen by OpenTelemetry."""

from .capturing import Capture, capturing
from .decorator import is_traced, traced, traced_tool
from .frameworks import listen
from .usage import usage_of

__all__ = ["Capture", "capturing", "is_traced", "listen", "traced", "traced_tool", "usage_of"]
