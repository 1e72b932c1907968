"""The kinds of target that there are."""

from .agent import AgentTarget
from .callable import CallableTarget
from .http import HttpTarget
from .opening import open_target

__all__ = ["AgentTarget", "CallableTarget", "HttpTarget", "open_target"]
