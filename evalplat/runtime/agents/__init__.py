"""Agents: an AgentSpec into something that answers."""

from .agent import Agent
from .spec_file import load_agent

__all__ = ["Agent", "load_agent"]
