"""The pages that explain things to people: every command in them runs, and every line that they show is printed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import typer
from instruments.endpoint import Fault, MisbehavingEndpoint
from instruments.pages import Command, commands_of, is_shell, play, read_page, unprinted
from instruments.projects import evalplat, passage_in

from evalplat.records.decision import WarningCode
from evalplat.templates import lay_down, template_of

ROOT = Path(__file__).parents[2]
MODEL = "gpt-4.1-mini"
ANSWERED_WHEN_FLAKY = 30
POLICY = """\
metrics:
  - {metric: success, rule: non_inferiority, margin: 0.05, range: binary}
  - {metric: cost_usd, rule: non_inferiority, statistic: ratio, margin: 0.10, direction: lower}
slices: [slice.topic]
"""


def desk(folder: Path) -> None:
    """The project of `evalplat init`."""
    lay_down(template_of("own_agent"), folder)


def scores(folder: Path) -> None:
    """A score table of three versions: v2 is as v1, v3 is worse and dearer."""
    rng = np.random.default_rng(3)
    with (folder / "scores.jsonl").open("w", encoding="utf-8") as file:
        for number in range(300):
            easy = rng.random()
            for system, loss, price in (("v1", 0.0, 1.0), ("v2", 0.0, 1.0), ("v3", 0.14, 1.6)):
                right = (rng.random() < 0.8 if rng.random() < 0.3 else easy < 0.8) and rng.random() >= loss
                cost = (0.002 + 0.001 * easy) * price * rng.uniform(0.9, 1.1)
                row = {"system": system, "case_id": f"c{number}", "slice.topic": ("refund", "sizes")[number % 2]}
                for metric, score in (("success", float(right)), ("cost_usd", cost), ("leaked", 0.0)):
                    file.write(json.dumps({**row, "metric": metric, "score": score}) + "\n")


def policy(folder: Path) -> None:
    """A gate.yaml for that table."""
    (folder / "gate.yaml").write_text(POLICY, encoding="utf-8")


PAGES: dict[str, tuple[Callable[[Path], None], ...]] = {
    "evalplat/runtime/agents/build_an_agent.md": (),
    "evalplat/gates/choose_a_margin.md": (scores,),
    "evalplat/reports/read_a_report.md": (scores, policy),
    "runners/runbooks/provider_outage.md": (desk,),
    "runners/runbooks/cost_spike.md": (desk, scores),
    "runners/runbooks/failed_gate.md": (desk,),
    "runners/runbooks/inconclusive_gate.md": (desk, scores),
}
"""Each page that is run here, and what its folder holds beforehand."""
LONG = {
    "evalplat/gates/choose_a_margin.md",
    "evalplat/runtime/agents/build_an_agent.md",
    "runners/runbooks/provider_outage.md",
    "runners/runbooks/cost_spike.md",
    "runners/runbooks/failed_gate.md",
    "runners/runbooks/inconclusive_gate.md",
}
"""Many gates each: `make slow`."""
WITHOUT_COMMANDS = ("runners/runbooks/README.md",)
RUN_ELSEWHERE = {
    "runners/ci/README.md": "tests/templates/test_ci.py",
    "evalplat/harness/simulate/README.md": "tests/cli/test_scenario_command.py",
}


class Provider:
    """The provider that a page speaks of: `up`, `down` or `flaky`, on one address."""

    def __init__(self) -> None:
        self.state, self.left = "up", 0
        self.endpoint = MisbehavingEndpoint(respond=passage_in, faults=self._fault, models=(MODEL,))

    def _fault(self, _number: int, _body: dict[str, object]) -> Fault | None:
        if self.state != "flaky":
            return None
        self.left -= 1
        return None if self.left >= 0 else Fault("server_error")

    def __call__(self, state: str) -> None:
        if state not in ("up", "down", "flaky"):
            raise ValueError(f"a page has a provider that is {state!r}")
        if (state == "down") != (self.state == "down"):
            self.endpoint.close() if state == "down" else self.endpoint.__enter__()
        self.state, self.left = state, ANSWERED_WHEN_FLAKY


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs: to make its tables takes longer than most commands of a page."""
    folder = tmp_path_factory.mktemp("store")
    done = evalplat("history", "nothing", cwd=folder)
    assert (folder / ".evalplat/mlflow.db").is_file(), done.stderr
    return folder / ".evalplat/mlflow.db"


@pytest.mark.parametrize(
    "path", [pytest.param(path, marks=[pytest.mark.slow] if path in LONG else []) for path in PAGES]
)
def test_every_command_of_a_page_ends_as_it_says_and_prints_what_it_says(tmp_path: Path, empty_store: Path, path: str):
    page = read_page((ROOT / path).read_text(encoding="utf-8"))
    for lay in PAGES[path]:
        lay(tmp_path)

    def enter(folder: Path) -> None:
        (folder / ".evalplat").mkdir(exist_ok=True)
        shutil.copy(empty_store, folder / ".evalplat")

    enter(tmp_path)
    provider = Provider()
    with provider.endpoint as endpoint:
        played = play(page, tmp_path, env=endpoint.env, provider=provider, enter=enter)
    print(*(f"{seconds:6.1f} s  {text}" for text, seconds in played.seconds.items()), sep="\n")  # seen with -s
    assert not played.wrong, played.output
    assert not unprinted(page, played.output), played.output


def test_every_block_of_commands_is_run():
    for path in PAGES:
        text = (ROOT / path).read_text(encoding="utf-8")
        page = read_page(text)
        assert [info for info in page.infos if is_shell(info) and info != "sh"] == [], (
            f"{path}: commands are in `sh` blocks"
        )
        assert len(page.infos) * 2 == len(re.findall(r"^ *```", text, flags=re.MULTILINE)), f"{path}: a block unread"
        assert page.infos.count("sh") >= 1, path
        written = re.findall(r"^evalplat ", _shell_of(text), flags=re.MULTILINE)
        assert len(written) == sum(command.text.startswith("evalplat ") for command in page.commands), path
        assert not re.search(r"^(    |\t)evalplat ", text, flags=re.MULTILINE), f"{path}: a command outside of a block"


def test_pages_without_commands_have_none():
    for path in WITHOUT_COMMANDS:
        page = read_page((ROOT / path).read_text(encoding="utf-8"))
        assert not any(map(is_shell, page.infos)), path


def test_what_is_typed_in_a_sentence_is_a_command_that_there_is():
    from evalplat.cli.main import app

    names = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    for path in (*PAGES, *WITHOUT_COMMANDS):
        said = re.findall(r"`evalplat (\w+)", (ROOT / path).read_text(encoding="utf-8"))
        assert set(said) <= names, f"{path}: {set(said) - names}"


def test_the_first_page_leads_to_each_and_their_links_lead_somewhere():
    first = (ROOT / "README.md").read_text(encoding="utf-8")
    part = first.split("## How do I ...", 1)[1].split("\n## ", 1)[0]
    for path in (*PAGES, *WITHOUT_COMMANDS, *RUN_ELSEWHERE):
        assert f"({path})" in part, path
    for path in ("README.md", *PAGES, *WITHOUT_COMMANDS):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / path).read_text(encoding="utf-8")):
            assert (ROOT / path).parent.joinpath(link).exists(), f"{path}: {link}"
    assert all((ROOT / test).is_file() for test in RUN_ELSEWHERE.values())


def test_every_warning_has_a_row_that_says_what_to_do():
    text = (ROOT / "evalplat/reports/read_a_report.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", text.split("## Warnings", 1)[1], flags=re.MULTILINE)
    assert sorted(rows) == sorted(get_args(WarningCode))


def test_panels_that_are_told_are_on_the_page():
    text = (ROOT / "evalplat/reports/read_a_report.md").read_text(encoding="utf-8")
    part = text.split("## Top down", 1)[1].split("\n## ", 1)[0]
    code = (ROOT / "evalplat/reports/gate_page.py").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([A-Z][^|]+) \|", part, flags=re.MULTILINE)
    assert len(told) > 10
    assert [title for title in told if f'"{title}"' not in code] == []


def test_what_the_test_of_pages_finds():
    assert commands_of("a \\\n  b  # exit 3: said\n# said\n\nc\n") == [Command("a b", 3), Command("c", 0)]
    page = read_page("```text\nran 12 of ... in 3 s\n```\n")
    assert unprinted(page, "  ran 7 of 9 apples in 100 s") == []
    assert unprinted(page, "ran 7 of 9 apples") == ["ran 12 of ... in 3 s"]


def test_a_command_that_ends_otherwise_or_is_not_there_is_found(tmp_path: Path):
    page = read_page("```sh\nexit 3  # exit 3\nfalse\nfalse | true  # exit 1\n```\n")
    assert [said.split(" ended")[0] for said in play(page, tmp_path).wrong] == ["`false`"]


def _shell_of(text: str) -> str:
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))
