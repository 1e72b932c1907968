"""The kinds of target that there are."""

from .agent import AgentTarget
from .callable import CallableTarget
from .capture import traced, traced_tool
from .http import HttpTarget
from .opening import open_target

__all__ = ["AgentTarget", "CallableTarget", "HttpTarget", "open_target", "traced", "traced_tool"]
