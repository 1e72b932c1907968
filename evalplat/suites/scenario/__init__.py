"""Scenario files: YAML of a conversation with its templates, read into cases."""

from .file import Entry, ScenarioFile, is_scenario_file, load_scenarios, read_scenarios, scenario_files

__all__ = [
    "Entry",
    "ScenarioFile",
    "is_scenario_file",
    "load_scenarios",
    "read_scenarios",
    "scenario_files",
]
