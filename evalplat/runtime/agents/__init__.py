"""Agents: an AgentSpec into something that answers."""

from .agent import Agent
from .dialogue import Dialogue
from .spec_file import load_agent

__all__ = ["Agent", "Dialogue", "load_agent"]
