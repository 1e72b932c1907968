"""Agents: an AgentSpec into something that answers."""

from .spec_file import load_agent

__all__ = ["load_agent"]
