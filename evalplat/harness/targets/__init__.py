"""The kinds of target that there are."""

from .agent import AgentTarget
from .callable import CallableTarget
from .capture import traced, traced_tool
from .command import CommandTarget
from .http import HttpTarget
from .opening import open_target

__all__ = ["AgentTarget", "CallableTarget", "CommandTarget", "HttpTarget", "open_target", "traced", "traced_tool"]
