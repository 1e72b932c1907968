"""A selftest as a page shows it."""

from __future__ import annotations

from evalplat.records.selftest import (
    Selftest,
    SelftestMetric,
    SelftestScenario,
    SelftestShape,
    SelftestStopping,
    SelftestWarning,
    SimulatedShare,
)


def share(value: float) -> SimulatedShare:
    return SimulatedShare(share=value, se=0.005, draws=2000)


def selftest(metric: str = "success", *, warned: bool = True) -> Selftest:
    def scenario(step, name, passes, fails):
        return SelftestScenario(
            setting="history", step=step, metric=name, passes=share(passes), fails=share(fails),
            inconclusive=share(1 - passes - fails),
        )  # fmt: skip

    steps = {"unchanged": share(0.7), "half": share(0.3), "worse": share(0.04)}
    return Selftest(
        shape=SelftestShape(
            n_cases=200, n_clusters=20, clustered=True, largest_cluster=0.3, trials=(1, 5), calls=(200, 1000)
        ),
        estimand="population",
        draws=2000,
        seed=1,
        history=("v1", metric),
        scenarios=(
            scenario("unchanged", None, 0.7, 0.05), scenario("half", metric, 0.3, 0.2),
            scenario("worse", metric, 0.04, 0.713),
        ),
        metrics=(
            SelftestMetric(
                metric=metric, statistic="mean", rule="non_inferiority", direction="higher", alpha=0.05,
                setting="history", model="0 or 1, mean 0.7", level=0.7, drop=-0.05, se=0.02, passes=steps, fails=steps,
                coverage={"unchanged": share(0.91)}, confidence=0.9,
            ),
        ),
        looks=(120, 200),
        stopping=(
            SelftestStopping(
                step="worse", metric=metric, passes=share(0.03), fails=share(0.694), inconclusive=share(0.276),
                calls=683.0, calls_se=4.0, share=0.683,
            ),
        ),
        assumptions=(f"{metric}: only one system is known",) if warned else (),
        warnings=(SelftestWarning(code="rarely_fails", message=f"{metric} rarely fails"),) if warned else (),
        policy_sha256="0" * 64,
        version="1",
    )  # fmt: skip
