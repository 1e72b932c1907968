"""A gate's page as it is in real life: 4 metrics, 5 slices, 30 pairs with traces, warnings; and its other verdicts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache

from evalplat.records import (
    AgentSpec,
    Answer,
    Calls,
    Case,
    CasePair,
    Citation,
    Continued,
    Decision,
    Expectation,
    Failure,
    Finding,
    Flaky,
    FlakyCase,
    Flip,
    Look,
    LookMetric,
    MetricComparison,
    MetricDecision,
    ModelSettings,
    Needed,
    PartChange,
    Prompts,
    ReportData,
    Retrieval,
    RunCard,
    RunInfo,
    RunReportData,
    Side,
    Span,
    SpanEvent,
    Spending,
    Spent,
    Summary,
    SystemSummary,
    TargetInfo,
    Trace,
    Trial,
    TrialKey,
    Usage,
    content_hash,
)

AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
TOPICS = ("shipping", "refunds", "warranty", "products", "accounts")
PASSAGE = (
    "Returns and refunds. You may return an unused item within 30 days of delivery. Refunds are paid to the original "
    "payment method within 5 working days after the parcel reaches our warehouse in Leipzig."
)
QUESTIONS = (
    ("How many days do I have to return an unused item?", "30 days", "refunds"),
    ("Which city does the warehouse stand in?", "Leipzig", "shipping"),
    ("How long is the warranty on the Tern kettle?", "3 years", "warranty"),
    ("What does express delivery cost?", "7.90 euros", "shipping"),
    ("After how many failed sign-ins is an account locked?", "5", "accounts"),
    ("How much water does the Tern kettle hold?", "1.7 litres", "products"),
)


@cache
def gate(verdict: str = "fail") -> ReportData:
    """`verdict` is pass, fail, inconclusive, all-failed, or looked: after looks, with attacks, weights, repeats."""
    from evalplat.gates import deciding, lights, standing_out

    decision = decided(verdict)
    pairs = tuple(_pair(number, verdict) for number in range(30))
    failed = 462 if verdict == "all-failed" else 3
    return ReportData(
        decision=decision,
        suite="support_desk",
        generated_at=AT,
        command="evalplat gate --suite scenarios/support_desk/suite.yaml --baseline agents/v2.yaml "
        "--candidate agents/v3.yaml --policy scenarios/support_desk/gate.yaml --html gate.html",
        baseline=_card("run-20260314-0901-v2", _spec(1), 2, cost=0.0412, latency=0.31),
        candidate=_card("run-20260314-0914-v3", _spec(10), failed, cost=0.1387, latency=0.88),
        changes=(
            PartChange(part="retrieval", before="method: hybrid\ntop_k: 1\n", after="method: hybrid\ntop_k: 10\n"),
            PartChange(
                part="prompts",
                before="system: You answer questions about a shop.\nuser: |\n  {passages}\n\n  Question: {question}\n",
                after="system: You answer questions about a shop. Be friendly.\nuser: |\n  {passages}\n\n"
                "  Question: {question}\n  Answer kindly:\n",
            ),
        ),
        pairs=pairs,
        n_pairs_total=41,
        standing_out=standing_out(pairs),
        hashes={
            "suite": content_hash("suite"),
            "baseline scores": content_hash(1),
            "candidate scores": content_hash(2),
        },
        lights=lights(decision),
        deciding=deciding(decision),
        spending=_SPENDING,
        **(_repeats(decision) if verdict == "looked" else {}),
    )


_SPENDING = Spending(
    n_cases=154,
    rows=(
        Spent(quantity="cost_usd", baseline=0.000089, candidate=0.0003, ratio=3.3707),
        Spent(quantity="input_tokens", baseline=211.0, candidate=702.5, ratio=3.3294),
        Spent(quantity="calls", baseline=1.0, candidate=1.5, ratio=1.5),
        Spent(quantity="tool_calls", baseline=0.0, candidate=0.25, ratio=None),
        Spent(quantity="latency_s", baseline=0.31, candidate=0.88, ratio=2.8387),
    ),
)


def _repeats(decision: Decision) -> dict[str, object]:
    systems = (decision.baseline.run_id, decision.candidate.run_id)
    rows = tuple(
        SystemSummary(
            system=system, metric="success", n_cases=154, n_clusters=44, n_trials=462, failures=2, mean=mean, se=0.02,
            ci_low=mean - 0.04, ci_high=mean + 0.04, pass_hat={"1": mean, "2": mean - 0.06, "3": mean - 0.09},
        )
        for system, mean in zip(systems, (0.8701, 0.8831), strict=True)
    )  # fmt: skip
    cases = tuple(FlakyCase(case_id=f"case-{n:03d}", right=1 + n % 2, trials=3) for n in range(7))
    waver = tuple(
        Flaky(system=system, metric="success", n_asked=154, n_flaky=len(own), cases=own)
        for system, own in zip(systems, (cases[:4], cases), strict=True)
    )
    return {"repeats": Summary(systems=rows), "flaky": waver}


def decided(verdict: str) -> Decision:
    """The decision alone."""
    known = {"pass": _passing, "fail": _failing, "inconclusive": _open, "all-failed": _all_failed, "looked": _looked}
    return known[verdict]()


@cache
def run() -> RunReportData:
    """A run's page: one system on four metrics."""
    rows = (("success", 0.7792, 0.0241), ("citation", 0.9134, 0.0161), ("cost_usd", 0.000267, 0.0000101))
    return RunReportData(
        run=_card("run-20260314-0914-v3", _spec(10), 3, cost=0.1387, latency=0.88),
        summary=Summary(
            systems=tuple(
                SystemSummary(
                    system="v3",
                    metric=metric,
                    n_cases=154,
                    n_clusters=44,
                    n_trials=462,
                    failures=3,
                    mean=mean,
                    se=se,
                    ci_low=mean - 2 * se,
                    ci_high=mean + 2 * se,
                    pass_hat={"1": mean, "2": mean**1.4, "3": mean**1.7} if mean > 0.1 else None,
                )
                for metric, mean, se in rows
            )
        ),
        generated_at=AT,
        failed=tuple(_pair(number, "fail").model_copy(update={"baseline": None}) for number in range(12)),
        n_failed_total=37,
    )


def _decision(verdict: str, reason: str, success: MetricDecision, findings: tuple[Finding, ...]) -> Decision:
    flips = tuple(
        Flip(
            case_id=f"case-{number:03d}",
            metric="success",
            baseline=1.0 if number < 24 else 0.0,
            candidate=0.0 if number < 24 else 1.0,
            change=-1.0 if number < 24 else 1.0,
        )
        for number in range(33)
    )
    return Decision(
        verdict=verdict,
        decision="ship" if verdict == "pass" else "hold",
        reason=reason,
        estimand="population",
        baseline=Side(
            ref="v2", n_cases=154, n_trials=462, run_id="run-20260314-0901-v2", fingerprint=_spec(1).fingerprint
        ),
        candidate=Side(
            ref="v3", n_cases=154, n_trials=462, run_id="run-20260314-0914-v3", fingerprint=_spec(10).fingerprint
        ),
        metrics=(success, *_others()),
        slices=_slices(success),
        flips=flips,
        findings=findings,
        policy_sha256=content_hash("policy"),
        version="0.1.0",
    )


_WARNINGS = (
    Finding(
        code="slice_regression",
        metric="success",
        message="success on topic=refunds: 88.2 % -> 61.8 % (-26.5 points): worse on this slice, "
        "after Benjamini-Hochberg over 5 slices",
        cases=("case-000", "case-006", "case-012"),
    ),
    Finding(code="unpriced_model", message="12 calls went to a model without a price; their cost is not counted"),
)


def _failing() -> Decision:
    reason = (
        "success: 87.0 % -> 77.9 % (-9.1 points); it got worse: "
        "the difference is between -13.4 and -4.8 points (90 % confidence)"
    )
    return _decision(
        "fail", f"S{reason[1:]}.", _success("fail", reason, 0.7792207792, -0.0909090909, -0.1340, -0.0478), _WARNINGS
    )


def _passing() -> Decision:
    reason = (
        "success: 87.0 % -> 88.3 % (+1.3 points); "
        "the difference is between -0.9 and +3.5 points (90 % confidence), "
        "a drop of more than 2 points is ruled out"
    )
    return _decision(
        "pass",
        f"All 3 gating metrics pass. S{reason[1:]}.",
        _success("pass", reason, 0.8831168831, 0.0129870130, -0.0091, 0.0351),
        _WARNINGS[1:],
    )


def _open() -> Decision:
    reason = (
        "success: 87.0 % -> 86.4 % (-0.6 points); "
        "the difference is between -3.7 and +2.4 points (90 % confidence), "
        "so both no change and a drop of more than 2 points are possible"
    )
    needed = Needed(
        cases=1080,
        clusters=310,
        trials=3,
        candidate_calls=(2240, 3240),
        cost_usd=(0.672, 0.972),
        minutes=(32.9, 47.5),
        reachable="only by clusters",
    )
    return _decision(
        "inconclusive",
        f"S{reason[1:]}.",
        _success("inconclusive", reason, 0.8636363636, -0.0064935065, -0.0371, 0.0241, needed),
        (),
    )


def _looked() -> Decision:
    """A pass at the third look, the second attempt; cases have weights, and attacks have families."""
    plain = _passing()
    success = plain.metrics[0]
    weighed = {"weighted": True, "worse_share": 0.0143, "better_share": 0.0273, "level": 0.0171}
    success = success.model_copy(update={"comparison": success.comparison.model_copy(update=weighed)})
    kept = _zero(None, 120, 0, 0.0247)
    families = [
        ("goal=exfiltration", 40, 0, 0.0722),
        ("goal=none", 20, 0, 0.1391),
        ("goal=prompt_extraction", 60, 0, 0.0487),
    ]
    families += [("carrier=tool", 50, 0, 0.0582), ("carrier=user", 70, 0, 0.0419)]
    looks = tuple(
        Look(
            look=number, cases=cases, clusters=cases // 4, calls=cases, difference=difference, pass_bound=passes,
            fail_bound=fails, metrics=(
                LookMetric(
                    metric="success", difference=difference, pass_bound=passes, fail_bound=fails,
                    level=None if passes is None else 0.01,
                    verdict="pass" if number == 3 else "inconclusive",
                ),
            ),
        )
        for number, (cases, difference, passes, fails) in enumerate(
            [(52, -0.021, None, None), (104, 0.004, 0.019, -0.048), (154, 0.013, 0.008, -0.036)], start=1
        )
    )  # fmt: skip
    return plain.model_copy(
        update={
            "metrics": (success, *plain.metrics[1:], kept),
            "slices": (*plain.slices, *(_zero(*one) for one in families)),
            "looks": looks,
            "stopped": "decided",
            "calls": Calls(candidate=154, largest=250, baseline_run=12, baseline_kept=154),
            "attempt": 2,
            "continued": Continued(begun_at=AT - timedelta(days=1), earlier=("pass",), trials=(462, 462), new_trials=0),
        }
    )


def _zero(part: str | None, trials: int, failures: int, upper: float) -> MetricDecision:
    found = _success("pass", "kept: no failure", 1.0, 0.0, 0.0, 0.0).comparison.model_copy(
        update={
            "metric": "kept", "rule": "zero", "margin": None, "max_rate": 0.05, "slice": part, "n_cases": trials,
            "n_trials": (trials, trials), "failures": failures, "rate_upper": upper, "p_adjusted": None, "p_drop": None,
        }
    )  # fmt: skip
    return MetricDecision(comparison=found, verdict="pass", reason="kept: no failure")


def _all_failed() -> Decision:
    reason = (
        "success: 87.0 % -> 0.0 % (-87.0 points); it got worse: "
        "the difference is between -91.2 and -82.8 points (90 % confidence)"
    )
    return _decision(
        "fail", f"S{reason[1:]}.", _success("fail", reason, 0.0, -0.8701298701, -0.9124, -0.8279), _WARNINGS
    )


def _success(
    verdict: str,
    reason: str,
    candidate: float,
    difference: float,
    low: float,
    high: float,
    needed: Needed | None = None,
) -> MetricDecision:
    return MetricDecision(
        comparison=MetricComparison(
            metric="success",
            statistic="mean",
            rule="non_inferiority",
            direction="higher",
            gating=True,
            alpha=0.05,
            margin=0.02,
            range="binary",
            range_declared=True,
            n_cases=154,
            n_clusters=44,
            n_trials=(462, 462),
            clustered=True,
            baseline=0.8701298701,
            candidate=candidate,
            difference=difference,
            se=(high - low) / 2 / 1.6839,
            df=38.71284,
            ci_low=low,
            ci_high=high,
            confidence=0.9,
            p_value=0.00093412,
            p_null="difference = 0",
            p_drop=0.00046706,
            p_adjusted=0.00280236,
            method="paired, CR2 with Satterthwaite df over 44 clusters",
            differing_clusters=21,
            worse_clusters=16,
            needed=needed,
        ),
        verdict=verdict,
        reason=reason,
    )


def _others() -> tuple[MetricDecision, ...]:
    return (
        _metric("citation", "pass", 0.9221, 0.9286, 0.0065, (-0.0117, 0.0247), margin=0.03, range="binary", p=0.5537),
        _metric(
            "cost_usd", "pass", 0.000089, 0.0000951, 1.0684, (1.0213, 1.0902), margin=0.10, p=0.0121,
            statistic="ratio", direction="lower", p_null="ratio = 1", method="bootstrap-t over 44 clusters, ratio",
        ),
        _metric(
            "latency_s", "inconclusive", 0.62, 0.81, 0.19, (-0.04, 0.42), margin=0.25, p=0.1734, gating=False,
            statistic="p95", direction="lower", method="paired percentile bootstrap over 44 clusters",
        ),
    )  # fmt: skip


def _metric(
    name: str,
    verdict: str,
    base: float,
    cand: float,
    diff: float,
    ends: tuple[float, float],
    *,
    p: float,
    **more: object,
) -> MetricDecision:
    fields = {
        "statistic": "mean",
        "rule": "non_inferiority",
        "direction": "higher",
        "gating": True,
        "p_null": "difference = 0",
        "method": "paired, CR2 with Satterthwaite df over 44 clusters",
    } | more
    return MetricDecision(
        comparison=MetricComparison.model_validate(
            {
                "metric": name,
                "alpha": 0.05,
                "n_cases": 154,
                "n_clusters": 44,
                "n_trials": (462, 462),
                "clustered": True,
                "baseline": base,
                "candidate": cand,
                "difference": diff,
                "se": (ends[1] - ends[0]) / 2 / 1.6839,
                "df": 38.2,
                "ci_low": ends[0],
                "ci_high": ends[1],
                "confidence": 0.9,
                "p_value": p,
                "p_drop": p / 2,
                "p_adjusted": min(1.0, 2 * p),
                **fields,
            }
        ),
        verdict=verdict,
        reason=f"{name}: {base:.4g} -> {cand:.4g}; the difference is between {ends[0]:.4g} and {ends[1]:.4g}",
    )


def _slices(success: MetricDecision) -> tuple[MetricDecision, ...]:
    made = []
    for place, topic in enumerate(TOPICS):
        difference = -0.2647 if topic == "refunds" and success.verdict == "fail" else 0.01 * (place - 2)
        verdict = "fail" if difference < -0.2 else "inconclusive"
        comparison = success.comparison.model_copy(
            update={
                "slice": f"topic={topic}",
                "n_cases": 30 + place,
                "n_clusters": 9,
                "difference": difference,
                "candidate": 0.87 + difference,
                "ci_low": difference - 0.09,
                "ci_high": difference + 0.09,
                "p_adjusted": 0.0031 if verdict == "fail" else 0.71,
                "needed": None,
            }
        )
        made.append(MetricDecision(comparison=comparison, verdict=verdict, reason=f"success on topic={topic}"))
    return tuple(made)


def _spec(top_k: int) -> AgentSpec:
    return AgentSpec(
        name="v2" if top_k == 1 else "v3",
        prompts=Prompts(system="You answer questions about a shop.", user="{passages}\n\nQuestion: {question}"),
        model=ModelSettings(name="embedded"),
        retrieval=Retrieval(passages="passages.jsonl", passages_sha256=content_hash("passages"), top_k=top_k),
    )


def _card(run_id: str, spec: AgentSpec, failures: int, *, cost: float, latency: float) -> RunCard:
    return RunCard(
        info=RunInfo(
            id=run_id,
            suite="support_desk",
            suite_fingerprint=content_hash("suite"),
            target=TargetInfo(
                kind="agent", ref=f"agents/{spec.name}.yaml", name=spec.name, fingerprint=spec.fingerprint, spec=spec
            ),
            trials=3,
            seed=0,
            n_cases=154,
            created_at=AT - timedelta(minutes=25),
            closed_at=AT - timedelta(minutes=12),
            version="0.1.0",
        ),
        usage=Usage(
            input_tokens=int(cost * 1.2e6),
            output_tokens=9_214,
            calls=471,
            retries=9,
            unknown_usage_calls=1,
            cost_usd=cost,
        ),
        n_trials=462,
        n_failures=failures,
        failures_by_kind={"ModelOverloaded": failures - 1, "LimitReached": 1},
        latency_p50_s=latency,
        latency_p95_s=latency * 2.1,
    )


def _pair(number: int, verdict: str) -> CasePair:
    question, right, topic = QUESTIONS[number % len(QUESTIONS)]
    worse = number < 24 or verdict == "all-failed"
    wrong = "I am happy to help! You can find everything about this on our website, dear customer."
    failed = verdict == "all-failed" or number % 11 == 4
    return CasePair(
        case=Case(
            id=f"case-{number:03d}",
            input=question,
            expect=Expectation(answers=(right,), sources=(f"{topic}-02",)),
            cluster=f"{topic}-02",
            slices={"slice.topic": topic},
        ),
        baseline=_trial(number, right if worse else wrong, None, latency=0.29 + number / 200),
        candidate=_trial(number, wrong if worse else right, number if failed else None, latency=0.8 + number / 100),
        baseline_scores={"success": 1.0 if worse else 0.0, "citation": 1.0, "cost_usd": 0.000089, "latency_s": 0.31},
        candidate_scores={"success": 0.0 if worse else 1.0, "citation": 1.0, "cost_usd": 0.0003, "latency_s": 0.88},
        change=-1.0 if worse else 1.0,
    )


def _trial(number: int, answer: str, failed: int | None, *, latency: float) -> Trial:
    kind = "LimitReached" if failed == 15 else "ModelOverloaded"
    failure = Failure(kind=kind, message="the endpoint answered 503 after 4 retries: upstream connect error")
    return Trial(
        key=TrialKey(case_id=f"case-{number:03d}"),
        seed=number,
        answer=None if failed is not None else Answer(
            text=answer, citations=(Citation(source_id="refunds-02", score=0.8134, text=PASSAGE),)
        ),
        failure=failure if failed is not None else None,
        usage=Usage(input_tokens=211, output_tokens=19, calls=1, cost_usd=0.0000891),
        latency_s=latency,
        started_at=AT - timedelta(minutes=20),
        trace=_trace(number, answer, failed is not None, latency),
    )  # fmt: skip


def _trace(number: int, answer: str, failed: bool, latency: float) -> Trace:
    trace_id, start = f"{number + 1:032x}", 1_773_480_000_000_000_000
    total = int(latency * 1e9)

    def span(place: int, name: str, first: float, last: float, **more: object) -> Span:
        return Span.model_validate(
            {
                "trace_id": trace_id,
                "span_id": f"{place + 1:016x}",
                "parent_span_id": f"{1:016x}" if place else None,
                "name": name,
                "start_unix_nano": start + int(first * total),
                "end_unix_nano": start + int(last * total),
                **more,
            }
        )

    retry = SpanEvent(
        name="retry", time_unix_nano=start + total // 2, attributes={"http.response.status_code": 503, "attempt": 1}
    )
    return Trace(
        trace_id=trace_id,
        spans=(
            span(
                0,
                "invoke_agent v3",
                0,
                1,
                attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "v3"},
            ),
            span(
                1,
                "retrieve passages",
                0.01,
                0.06,
                attributes={
                    "evalplat.retrieval.method": "hybrid",
                    "evalplat.retrieval.ids": ("refunds-02", "shipping-01"),
                },
            ),
            span(
                2,
                "chat SmolLM2-135M-Instruct",
                0.07,
                0.98,
                kind="client",
                status="error" if failed else "ok",
                status_message="503 after 4 retries" if failed else "",
                events=(retry,) if failed else (),
                attributes={
                    "gen_ai.operation.name": "chat",
                    "gen_ai.request.model": "SmolLM2-135M-Instruct",
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.usage.input_tokens": 211,
                    "gen_ai.usage.output_tokens": 19,
                    "gen_ai.input.messages": _messages("user", PASSAGE),
                    "gen_ai.output.messages": _messages("assistant", answer),
                },
            ),
        ),
    )


def _messages(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])
