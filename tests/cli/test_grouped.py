"""A group of options is a dataclass for the command, and single options for the user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from evalplat.cli.grouped import grouped

Colour = Annotated[str, typer.Option("--colour", help="Of the thing.")]


@dataclass(frozen=True)
class Shape:
    colour: Colour = "red"
    sides: Annotated[int | None, typer.Option("--sides", min=3)] = None


def app_of(seen: list[object]) -> typer.Typer:
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    @grouped
    def draw(*, first: Annotated[str, typer.Option("--first")] = "", shape: Shape, last: int = 1) -> None:
        """Draws."""
        seen.append((first, shape, last))

    return app


def test_the_command_gets_the_group_of_what_was_given_and_of_defaults():
    seen: list[object] = []
    app = app_of(seen)
    assert CliRunner().invoke(app, ["--sides", "4", "--last", "2"]).exit_code == 0
    assert CliRunner().invoke(app, ["--colour", "blue"]).exit_code == 0
    assert seen == [("", Shape("red", 4), 2), ("", Shape("blue", None), 1)]
    assert CliRunner().invoke(app, ["--sides", "2"]).exit_code == 2


def test_help_shows_the_options_of_a_group_in_its_place():
    shown = CliRunner().invoke(app_of([]), ["--help"]).stdout
    assert re.findall(r"^  (--\w+)", shown, flags=re.MULTILINE)[:4] == ["--first", "--colour", "--sides", "--last"]
    assert "Draws." in shown and "Of the thing." in shown and "[default: red]" in shown


def test_two_options_of_one_name_are_refused():
    def command(*, shape: Shape, colour: Colour = "green") -> None: ...

    with pytest.raises(ValueError, match="colour"):
        grouped(command)
