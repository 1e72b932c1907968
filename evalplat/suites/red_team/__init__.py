"""Attacks on agents, generated: how it is put x what carries it x what the attacker wants."""

from .generate import RedTeam, generate
from .surface import Surface, load_surface
from .templates import AttackTemplate, attack_templates
from .write import write_scenarios

__all__ = [
    "AttackTemplate",
    "RedTeam",
    "Surface",
    "attack_templates",
    "generate",
    "load_surface",
    "write_scenarios",
]
