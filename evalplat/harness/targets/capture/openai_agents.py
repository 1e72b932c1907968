"""openai-agents: a tracing processor that turns its spans into those of the conventions while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .capturing import capture_here
from .conventions import as_text, tool_attributes
from .messages import chat_input, chat_output, in_words, responses_input, responses_output

if TYPE_CHECKING:
    from agents.tracing import Span, Trace, TracingProcessor


def put_in() -> None:
    """Add our processor beside those that are there, and keep it there; the application's own export goes on.

    May be called again: a provider that the application has set since gets the processor too.
    """
    from agents.tracing import get_trace_provider

    provider = get_trace_provider()
    if getattr(provider, _OURS, False):
        return
    listener, replace = _listener(), provider.set_processors

    def set_processors(processors: list[TracingProcessor]) -> None:
        replace([*processors, listener])

    provider.register_processor(listener)
    # Every agent's module may begin with set_trace_processors([]), which is how the export to OpenAI is turned off.
    setattr(provider, "set_processors", set_processors)  # noqa: B010
    setattr(provider, _OURS, True)


_OURS = "_evalplat_listens"


def _listener() -> TracingProcessor:
    from agents.tracing import TracingProcessor

    class Listener(TracingProcessor):
        """Called in the task that runs the step, so the context says which trial it is."""

        def on_trace_start(self, trace: Trace) -> None:
            """The trial has its root already."""

        def on_trace_end(self, trace: Trace) -> None:
            """See on_trace_start."""

        def on_span_start(self, span: Span[Any]) -> None:
            """Open ours."""
            capture = capture_here()
            if capture is not None and span.span_data.type in _SHOWN:
                capture.begin(span.span_id, *_opening(span.span_data))

        def on_span_end(self, span: Span[Any]) -> None:
            """Close ours, with what is known by now."""
            capture = capture_here()
            if capture is not None and span.span_data.type in _SHOWN:
                said = span.error
                error = None if said is None else in_words([said["message"], said.get("data")])
                capture.end(span.span_id, _closing(span.span_data), error=error)

        def shutdown(self) -> None:
            """Nothing is held."""

        def force_flush(self) -> None:
            """Nothing is held."""

    return Listener()


# Not `task` and `turn`: they say the usage of the calls below them a second time.
_SHOWN = ("agent", "generation", "response", "function", "handoff", "guardrail")


def _opening(data: Any) -> tuple[str, dict[str, Any]]:
    if data.type == "agent":
        return f"invoke_agent {data.name}", {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": data.name}
    if data.type == "function":
        return f"execute_tool {data.name}", tool_attributes(data.name)
    if data.type == "handoff":
        return f"handoff from {data.from_agent}", {}
    if data.type == "guardrail":
        return f"guardrail {data.name}", {}
    return "chat", {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}


def _closing(data: Any) -> dict[str, Any]:
    if data.type == "function":
        return {
            "gen_ai.tool.call.arguments": data.input,
            "gen_ai.tool.call.result": None if data.output is None else as_text(data.output),
        }
    if data.type == "handoff":
        return {"evalplat.handoff.to": data.to_agent}
    if data.type == "guardrail":
        return {"evalplat.guardrail.triggered": data.triggered}
    if data.type == "generation":
        return {
            "gen_ai.request.model": data.model,
            "gen_ai.input.messages": chat_input(data.input),
            "gen_ai.output.messages": chat_output(data.output),
            **_usage(data.usage),
        }
    return _response(data) if data.type == "response" else {}


def _response(data: Any) -> dict[str, Any]:
    response = data.response
    said = {
        "gen_ai.input.messages": responses_input(data.input),
        **_usage(data.usage),
    }
    if response is None:
        return said
    usage = response.usage
    return {
        **said,
        "gen_ai.response.id": response.id,
        "gen_ai.response.model": response.model,
        "gen_ai.output.messages": responses_output([item.model_dump() for item in response.output]),
        **({} if usage is None else _usage({"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens})),
    }


def _usage(usage: dict[str, Any] | None) -> dict[str, Any]:
    """A usage of only a number of requests means that the provider did not say."""
    usage = usage or {}
    if not (usage.get("input_tokens") or usage.get("output_tokens")):
        return {}
    return {
        "gen_ai.usage.input_tokens": usage.get("input_tokens"),
        "gen_ai.usage.output_tokens": usage.get("output_tokens"),
    }
