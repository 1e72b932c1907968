"""Scenarios played: environments, simulated users, faults, scripted agents."""

from .agents import AgentTurn, scripted_agent
from .domain import Domain, ToolError

__all__ = ["AgentTurn", "Domain", "ToolError", "scripted_agent"]
