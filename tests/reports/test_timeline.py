"""The drawing of a metric over the runs of a suite."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.records import HistoryMetric, PastMetric, PastRun, SuiteHistory
from evalplat.reports import render_history_html
from evalplat.reports.timeline import HEIGHT, timeline

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

SHARE = HistoryMetric(metric="correct", gating=True, direction="higher", share=True)
HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}\u202e"


def past(at: int, mean: float | None, half: float = 0.05, *, changed: bool = False, name: str = "v") -> PastRun:
    low, high = (None, None) if mean is None else (mean - half, mean + half)
    return PastRun(
        run_id=f"r{at}",
        aliases=("production",) if at == 1 else (),
        target=f"{name}{at}",
        target_ref="x:y",
        fingerprint=f"f{at}",
        suite_fingerprint="new" if changed else "old",
        suite_changed=changed,
        created_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=9 * at),
        version="0.1.0",
        n_cases=10,
        trials=1,
        whole=at != 2,
        n_trials=10,
        n_failures=0,
        cost_usd=None,
        latency_p50_s=None,
        latency_p95_s=None,
        metrics=(PastMetric(metric="correct", mean=mean, ci_low=low, ci_high=high),),
    )


def history_of(runs: list[PastRun]) -> SuiteHistory:
    return SuiteHistory(
        suite=HOSTILE,
        metrics=(SHARE,),
        runs=tuple(runs),
        n_runs=len(runs),
        generated_at=datetime(2026, 1, 1, tzinfo=UTC),
        command=HOSTILE,
        version="0.1.0",
    )


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=60), st.floats(0, 1e3))
def test_everything_lies_inside_and_higher_is_further_up(means: list[float | None], half: float):
    plain = SHARE.model_copy(update={"share": False})
    drawn = timeline(plain, [past(at, mean, half) for at, mean in enumerate(means)])
    if drawn is None:
        assert all(mean is None for mean in means)
        return
    assert len(drawn.marks) == sum(mean is not None for mean in means)
    for mark in drawn.marks:
        assert 0 < mark.x < drawn.width
        assert 0 <= mark.top <= mark.y <= mark.bottom <= drawn.floor + 0.01 < HEIGHT
    known = [mean for mean in means if mean is not None]
    for one, other, low, high in zip(drawn.marks, drawn.marks[1:], known, known[1:], strict=False):
        assert (one.y >= other.y) if low <= high else (one.y <= other.y)
    assert all(0 <= y <= HEIGHT for y, _ in drawn.ticks)


def test_runs_of_different_suites_are_not_joined():
    runs = [past(0, 0.5), past(1, 0.6), past(2, 0.7, changed=True)]
    drawn = timeline(SHARE, runs)
    assert drawn is not None
    assert len(drawn.lines) == 1 and len(drawn.breaks) == 1
    assert drawn.marks[1].x < drawn.breaks[0] < drawn.marks[2].x
    assert drawn.marks[2].partly and [text for _, text, _ in drawn.names] == ["production"]
    assert drawn.marks[0].spoken == "2026-01-01 v0: 50.0 %, 45.0 … 55.0 %"
    assert 3 <= len(drawn.ticks) <= 8


def test_the_page_is_escaped_and_the_same_bytes_each_time():
    runs = [past(at, 0.5, name=HOSTILE) for at in range(60)]
    page = render_history_html(history_of(runs))
    assert page == render_history_html(history_of(runs))
    assert "<img" not in page and "{{ 7*7 }}" in page and 'class="card broken' not in page
    assert len(page.encode()) < 1_000_000


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_opens_offline_fits_and_its_points_lead_to_their_rows(browser: Browser, tmp_path: Path, width: int):
    file = tmp_path / "history.html"
    runs = [past(at, 0.5 + at / 50, changed=at == 12) for at in range(20)]
    file.write_text(render_history_html(history_of(runs)), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda err: said.append(str(err)))
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    point = page.locator('a[href="#run-7"]').first
    point.focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#run-7")
    assert page.locator("#run-7").is_visible()
    assert said == []
    context.close()
