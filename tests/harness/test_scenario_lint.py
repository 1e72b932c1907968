"""A catalogue of bad scenarios: each is caught at its line, by its kind, with a way out; and good ones are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from instruments.lending import FILE

from evalplat.errors import InputError
from evalplat.harness.simulate.lint import lint

BAD = sorted((FILE.parent / "bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_scenario_is_caught_at_its_line(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = {(n, m.group(1)) for n, line in enumerate(lines, 1) if (m := re.search(r"# <- (\w+)", line))}
    assert len(marked) == 1
    found = lint(path)
    assert {(finding.line, finding.kind) for finding in found} == marked
    for finding in found:
        assert len(finding.message) > 10
        assert len(finding.fix) > 5
        assert str(finding).startswith(f"{path}:{finding.line}: ")
        assert "\n" not in str(finding)


def test_the_catalogue_is_wide() -> None:
    kinds = {m for path in BAD for m in re.findall(r"# <- (\w+)", path.read_text(encoding="utf-8"))}
    assert len(BAD) >= 50
    assert len(kinds) >= 30


def test_good_scenarios_are_clean() -> None:
    assert lint(FILE) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("scenarios: []", "at least one"),
        ("scenarios: [{id: a", "is not YAML"),
        ("scenarios: [&a {id: a}, *a]", "aliases are not read"),
        ("scenarios: [{id: a, id: b}]", "occurs twice"),
        ("scenarios: [!!python/object/apply:os.system ['true']]", "is not YAML"),
        ("scenarios: [{id: a}]\nextra: 1", "unknown field 'extra'"),
        ("scenarios: [{id: a, 1: b}]", "put it in quotes"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_apart(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as raised:
        lint(path)
    assert str(path) in str(raised.value)
