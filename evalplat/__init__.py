"""evalplat tells whether a change made an AI agent worse, how sure that is, and ships or stops it.

    import evalplat as ep

    gated = ep.gate("v1", "v2", scores="scores.parquet", metric="success", margin=0.02)

Each verb is the command of that name with the same options. Nothing is loaded before it is used (PEP 562).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .harness import traced, traced_tool
    from .library import baseline, dataset, scenario
    from .library.after import history, report, summarize
    from .library.before import plan, selftest
    from .library.dataset import accept, curate
    from .library.gate import gate, gate_several
    from .library.load import load_agent, load_dataset, load_decision, load_policy, load_run, load_scores, load_suite
    from .library.run import run
    from .library.show import html, plot, show, text, to_frame
    from .sdk.demo import demo
    from .sdk.doctor import doctor
    from .sdk.export import export_run
    from .sdk.import_cases import import_cases
    from .sdk.import_runs import import_agentdojo, import_inspect, import_otlp, import_run, import_tau_bench
    from .sdk.import_scores import import_scores
    from .sdk.init import init

__version__ = "0.1.0"

_PLACES = {
    "accept": "evalplat.library.dataset:accept",
    "baseline": "evalplat.library.baseline",
    "curate": "evalplat.library.dataset:curate",
    "dataset": "evalplat.library.dataset",
    "demo": "evalplat.sdk.demo:demo",
    "doctor": "evalplat.sdk.doctor:doctor",
    "export_run": "evalplat.sdk.export:export_run",
    "gate": "evalplat.library.gate:gate",
    "gate_several": "evalplat.library.gate:gate_several",
    "history": "evalplat.library.after:history",
    "html": "evalplat.library.show:html",
    "import_agentdojo": "evalplat.sdk.import_runs:import_agentdojo",
    "import_cases": "evalplat.sdk.import_cases:import_cases",
    "import_inspect": "evalplat.sdk.import_runs:import_inspect",
    "import_otlp": "evalplat.sdk.import_runs:import_otlp",
    "import_run": "evalplat.sdk.import_runs:import_run",
    "import_scores": "evalplat.sdk.import_scores:import_scores",
    "import_tau_bench": "evalplat.sdk.import_runs:import_tau_bench",
    "init": "evalplat.sdk.init:init",
    "load_agent": "evalplat.library.load:load_agent",
    "load_dataset": "evalplat.library.load:load_dataset",
    "load_decision": "evalplat.library.load:load_decision",
    "load_policy": "evalplat.library.load:load_policy",
    "load_run": "evalplat.library.load:load_run",
    "load_scores": "evalplat.library.load:load_scores",
    "load_suite": "evalplat.library.load:load_suite",
    "plan": "evalplat.library.before:plan",
    "plot": "evalplat.library.show:plot",
    "report": "evalplat.library.after:report",
    "run": "evalplat.library.run:run",
    "scenario": "evalplat.library.scenario",
    "selftest": "evalplat.library.before:selftest",
    "show": "evalplat.library.show:show",
    "summarize": "evalplat.library.after:summarize",
    "text": "evalplat.library.show:text",
    "to_frame": "evalplat.library.show:to_frame",
    "traced": "evalplat.harness:traced",
    "traced_tool": "evalplat.harness:traced_tool",
}
"""Public names, and where each is loaded from when it is first used."""

__all__ = [
    "accept",
    "baseline",
    "curate",
    "dataset",
    "demo",
    "doctor",
    "export_run",
    "gate",
    "gate_several",
    "history",
    "html",
    "import_agentdojo",
    "import_cases",
    "import_inspect",
    "import_otlp",
    "import_run",
    "import_scores",
    "import_tau_bench",
    "init",
    "load_agent",
    "load_dataset",
    "load_decision",
    "load_policy",
    "load_run",
    "load_scores",
    "load_suite",
    "plan",
    "plot",
    "report",
    "run",
    "scenario",
    "selftest",
    "show",
    "summarize",
    "text",
    "to_frame",
    "traced",
    "traced_tool",
]


if not TYPE_CHECKING:  # else a type checker would find every name here

    def __getattr__(name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .library.lazy import lazily

        return lazily(__name__, _PLACES)(name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
