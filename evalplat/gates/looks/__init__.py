"""Looks: a gate that may stop early. What is looked at when, and what a look decides."""

from .schedule import Schedule, schedule
from .sequential import Continue, State, Stop, next_step

__all__ = ["Continue", "Schedule", "State", "Stop", "next_step", "schedule"]
