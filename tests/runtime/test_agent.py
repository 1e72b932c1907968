"""Agents on a real endpoint on loopback: answers, citations, usage, traces, tools, limits, failures."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from instruments.endpoint import Fault, MisbehavingEndpoint, tool_call

from evalplat.errors import BudgetExceeded, EvalplatError, ModelRefused, ModelUnknown, ModelUnreachable, SpecError
from evalplat.records import AgentSpec, Outcome, Span, Usage
from evalplat.runtime.agents import Agent
from evalplat.runtime.gateway import Budget, Gateway, RetryPolicy

PASSAGES = [
    {"id": "returns", "text": "Returns are accepted within 30 days of delivery."},
    {"id": "shipping", "title": "Shipping", "text": "Parcels take 3 to 5 business days. {question}"},
    {"id": "office", "text": "Our headquarters is in Lisbon."},
]
TOOLS = """
import time
import asyncio

CALLS = []

def order_status(order_id: str) -> dict[str, str]:
    '''The state of an order.

    Args:
        order_id: The number on the invoice.
    '''
    CALLS.append(order_id)
    if order_id == "?":
        raise LookupError("no order ?, key sk-proj-abcdefghij0123456789")
    return {"order": order_id, "state": "shipped"}

async def slow() -> str:
    await asyncio.sleep(5)
    return "never"

class Order:
    pass

def odd(order: Order) -> str:
    return ""
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "passages.jsonl").write_text("\n".join(json.dumps(passage) for passage in PASSAGES))
    (tmp_path / "tools.py").write_text(TOOLS)
    return tmp_path


@pytest.fixture
def endpoint() -> Iterator[MisbehavingEndpoint]:
    with MisbehavingEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
async def gateway(endpoint: MisbehavingEndpoint) -> AsyncIterator[Gateway]:
    async with Gateway(env=endpoint.env, retry=RetryPolicy(base_s=0.001, max_s=0.002)) as gateway:
        yield gateway


def spec(**parts: Any) -> AgentSpec:
    model = {"name": "openai:test-model", "max_retries": 0, **parts.pop("model", {})}
    return AgentSpec.model_validate({"name": "desk", "model": model, **parts})


def with_passages(**parts: Any) -> AgentSpec:
    retrieval = {"passages": "passages.jsonl", **parts.pop("retrieval", {})}
    prompts = {"system": "Answer in a few words.", "user": "Passages:\n{passages}\n\nQuestion: {question}"}
    return spec(prompts=prompts, retrieval=retrieval, **parts)


def with_tools(*names: str, timeout_s: float = 5.0, **parts: Any) -> AgentSpec:
    tools = [{"name": name, "function": f"tools:{name}", "timeout_s": timeout_s} for name in names]
    return spec(tools=tools, **parts)


async def prepared(agent_spec: AgentSpec, gateway: Gateway, folder: Path) -> Agent:
    agent = Agent(agent_spec, gateway, base_dir=folder)
    await agent.prepare()
    return agent


async def ask(agent_spec: AgentSpec, gateway: Gateway, folder: Path, text: str = "Hello?") -> Outcome:
    return await (await prepared(agent_spec, gateway, folder)).answer(text, replica=0, seed=7)


def spans(outcome: Outcome, operation: str) -> list[Span]:
    assert outcome.trace is not None
    return [span for span in outcome.trace.spans if span.attributes.get("gen_ai.operation.name") == operation]


def messages(span: Span, name: str) -> list[dict[str, Any]]:
    value = span.attributes[name]
    assert isinstance(value, str)
    return list(json.loads(value))


# -- the worked path ---------------------------------------------------------------------------------------------------


async def test_an_agent_with_retrieval_answers(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    endpoint.respond = lambda request: "Within 30 days."
    agent = await prepared(with_passages(model={"temperature": 0.5, "top_p": 0.9, "max_tokens": 99}), gateway, folder)
    question = "Until when are returns accepted? {passages} {question}"
    outcome = await agent.answer(question, replica=0, seed=7, trace_id="0123456789abcdef0123456789abcdef")

    assert outcome.failure is None
    assert outcome.answer is not None
    assert outcome.answer.text == "Within 30 days."
    assert [citation.source_id for citation in outcome.answer.citations] == ["returns"]
    assert outcome.answer.citations[0].text == PASSAGES[0]["text"]
    assert 0 < outcome.latency_s < 5

    (exchange,) = endpoint.completions
    assert exchange.body is not None
    assert exchange.body["messages"] == [
        {"role": "system", "content": "Answer in a few words."},
        {"role": "user", "content": f"Passages:\n{PASSAGES[0]['text']}\n\nQuestion: {question}"},
    ]
    assert (exchange.body["temperature"], exchange.body["top_p"], exchange.body["seed"]) == (0.5, 0.9, 7)
    assert exchange.body.get("max_completion_tokens", exchange.body.get("max_tokens")) == 99
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == exchange.usage == endpoint.answered_tokens
    assert outcome.usage.calls == 1

    assert outcome.trace is not None
    assert outcome.trace.trace_id == "0123456789abcdef0123456789abcdef"
    root = outcome.trace.spans[0]
    assert exchange.headers["traceparent"] == f"00-{outcome.trace.trace_id}-{root.span_id}-01"


async def test_the_trace_follows_the_conventions(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as names

    outcome = await ask(with_passages(guardrails={"max_input_chars": 99}), gateway, folder, "Are returns accepted?")
    assert outcome.trace is not None
    tree = {span.span_id: span for span in outcome.trace.spans}
    shape = [(s.name, tree[s.parent_span_id].name if s.parent_span_id else None) for s in outcome.trace.spans]
    assert shape == [
        ("invoke_workflow desk", None),
        ("guardrail input", "invoke_workflow desk"),
        ("retrieval passages.jsonl", "invoke_workflow desk"),
        ("invoke_agent desk", "invoke_workflow desk"),
        ("chat test-model", "invoke_agent desk"),
    ]
    (chat,) = spans(outcome, "chat")
    assert chat.kind == "client"
    assert chat.attributes[names.GEN_AI_REQUEST_MODEL] == "test-model"
    assert chat.attributes[names.GEN_AI_REQUEST_SEED] == 7
    assert chat.attributes[names.GEN_AI_USAGE_INPUT_TOKENS] == outcome.usage.input_tokens
    assert chat.attributes[names.GEN_AI_USAGE_OUTPUT_TOKENS] == outcome.usage.output_tokens
    assert chat.attributes[names.GEN_AI_RESPONSE_FINISH_REASONS] == ("stop",)
    (said,) = messages(chat, names.GEN_AI_INPUT_MESSAGES)
    assert "Are returns accepted?" in said["parts"][0]["content"]
    assert messages(chat, names.GEN_AI_OUTPUT_MESSAGES)[0]["role"] == "assistant"
    (retrieval,) = spans(outcome, "retrieval")
    assert retrieval.attributes[names.GEN_AI_RETRIEVAL_QUERY_TEXT] == "Are returns accepted?"
    (document,) = messages(retrieval, names.GEN_AI_RETRIEVAL_DOCUMENTS)
    assert document["id"] == "returns"
    (root,) = spans(outcome, "invoke_workflow")
    assert messages(root, names.GEN_AI_INPUT_MESSAGES)[0]["parts"][0]["content"] == "Are returns accepted?"
    assert outcome.answer is not None
    assert messages(root, names.GEN_AI_OUTPUT_MESSAGES)[0]["parts"][0]["content"] == outcome.answer.text
    known = {value for name, value in vars(names).items() if name.startswith("GEN_AI_")}
    used = {name for span in outcome.trace.spans for name in span.attributes if name.startswith("gen_ai.")}
    assert used - known <= {"gen_ai.aggregated_usage.input_tokens", "gen_ai.aggregated_usage.output_tokens"} | {
        "gen_ai.agent.call.id"
    }


async def test_hostile_text_is_never_a_template(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    hostile = "{0.__class__} {question} {passages} %s ${x} {{ }} \x00 \U0001f600 </script>"
    outcome = await ask(with_passages(retrieval={"top_k": 3}), gateway, folder, hostile)
    assert outcome.answer is not None
    body = endpoint.completions[0].body
    assert body is not None
    joined = "\n".join(citation.text for citation in outcome.answer.citations)
    assert "{question}" in joined
    assert body["messages"][-1]["content"] == f"Passages:\n{joined}\n\nQuestion: {hostile}"
    assert len(outcome.answer.citations) == 3


async def test_sixty_four_at_once_do_not_mix(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    endpoint.latency_s = 0.02
    agent = await prepared(with_passages(), gateway, folder)
    outcomes = await asyncio.gather(*(agent.answer(f"Returns, case {n}?", replica=n, seed=n) for n in range(64)))
    assert len({outcome.trace.trace_id for outcome in outcomes if outcome.trace}) == 64
    parents = {}
    for number, outcome in enumerate(outcomes):
        assert outcome.answer is not None
        assert f"case {number}?" in outcome.answer.text
        assert outcome.trace is not None
        assert len(outcome.trace.spans) == 4
        assert outcome.usage.calls == 1
        (chat,) = spans(outcome, "chat")
        assert chat.attributes["gen_ai.request.seed"] == number
        assert f"case {number}?" in str(chat.attributes["gen_ai.input.messages"])
        parents[outcome.trace.trace_id] = f"case {number}?"
    for exchange in endpoint.completions:
        trace_id = exchange.headers["traceparent"].split("-")[1]
        assert exchange.body is not None
        assert parents[trace_id] in exchange.body["messages"][-1]["content"]
    assert sum((o.usage for o in outcomes), Usage()).total_tokens == sum(endpoint.answered_tokens)


async def test_an_application_that_instruments_pydantic_ai_sees_nothing_of_ours(
    endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path
) -> None:
    import pydantic_ai
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from pydantic_ai.models.instrumented import InstrumentationSettings

    exporter, application = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    application.add_span_processor(SimpleSpanProcessor(exporter))
    pydantic_ai.Agent.instrument_all(InstrumentationSettings(tracer_provider=application))
    try:
        with application.get_tracer("app").start_as_current_span("request"):
            outcome = await ask(spec(), gateway, folder)
    finally:
        pydantic_ai.Agent.instrument_all(False)
    assert [span.name for span in exporter.get_finished_spans()] == ["request"]
    assert len(spans(outcome, "chat")) == 1


# -- tools -------------------------------------------------------------------------------------------------------------


def calls_then_answers(*calls: dict[str, Any]) -> Any:
    """Each call in turn, then the content of the last tool message."""

    def respond(request: dict[str, Any]) -> str | dict[str, Any]:
        done = sum(message["role"] == "assistant" for message in request["messages"])
        return calls[done] if done < len(calls) else f"Done: {request['messages'][-1]['content']}"

    return respond


async def test_a_tool_is_called_and_traced(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    endpoint.respond = calls_then_answers(tool_call("order_status", {"order_id": "A-7"}))
    outcome = await ask(with_tools("order_status"), gateway, folder)
    assert outcome.answer is not None
    assert json.loads(outcome.answer.text.removeprefix("Done: ")) == {"order": "A-7", "state": "shipped"}
    assert outcome.usage.calls == 2
    assert outcome.usage.total_tokens == sum(endpoint.answered_tokens)
    (tool,) = spans(outcome, "execute_tool")
    assert tool.attributes["gen_ai.tool.name"] == "order_status"
    assert json.loads(str(tool.attributes["gen_ai.tool.call.arguments"])) == {"order_id": "A-7"}
    body = endpoint.completions[0].body
    assert body is not None
    (offered,) = body["tools"]
    assert offered["function"]["description"].startswith("The state of an order.")
    assert offered["function"]["parameters"]["properties"]["order_id"]["description"] == "The number on the invoice."


async def test_a_failing_tool_is_told_to_the_model_which_may_try_again(
    endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path
) -> None:
    endpoint.respond = calls_then_answers(
        tool_call("order_status", {"order_id": "?"}), tool_call("order_status", {"order_id": "A-7"})
    )
    outcome = await ask(with_tools("order_status"), gateway, folder)
    assert outcome.answer is not None
    assert "shipped" in outcome.answer.text
    second = endpoint.completions[1].body
    assert second is not None
    told = second["messages"][-1]
    assert told["role"] == "tool"
    assert "tool order_status: LookupError: no order ?" in told["content"]
    assert "sk-proj" not in json.dumps(second)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (tool_call("order_status", {"order_id": "?"}), "failed 3 times in a row; the last time: tool order_status: Lo"),
        (tool_call("order_status", {"wrong": 1}), "the last time: its arguments do not fit its parameters"),
        (tool_call("order_status", "{not json"), "tool 'order_status' failed 3 times in a row"),
        (tool_call("launch_rocket", {}), "tool 'launch_rocket' failed 3 times in a row; the last time: Unknown tool"),
    ],
)  # fmt: skip
async def test_a_tool_that_keeps_failing_fails_the_trial(
    endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path, call: dict[str, Any], complaint: str
) -> None:
    endpoint.respond = calls_then_answers(*[call] * 9)
    outcome = await ask(with_tools("order_status"), gateway, folder)
    assert outcome.failure is not None
    assert outcome.failure.kind == "ToolFailed"
    assert complaint in outcome.failure.message
    assert "sk-proj" not in outcome.model_dump_json()
    assert outcome.usage.calls == 3
    assert outcome.usage.total_tokens == sum(endpoint.answered_tokens)


async def test_a_slow_tool_is_given_up(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    endpoint.respond = calls_then_answers(tool_call("slow", {}))
    outcome = await ask(with_tools("slow", timeout_s=0.05), gateway, folder)
    assert outcome.answer is not None
    assert "no result within 0.05 s" in outcome.answer.text


# -- limits and guardrails ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "complaint", "calls"),
    [
        ({"max_steps": 3}, "limits.max_steps: no answer after 3 model calls", 3),
        ({"max_tool_calls": 1}, "limits.max_tool_calls: the model asked for more than 1 tool calls", 2),
        ({"max_tool_calls": 0}, "limits.max_tool_calls: the model asked for more than 0 tool calls", 1),
    ],
)
async def test_limits_of_a_trial(
    endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path, limits: dict[str, int], complaint: str, calls: int
) -> None:
    endpoint.respond = calls_then_answers(*[tool_call("order_status", {"order_id": "A"})] * 20)
    outcome = await ask(with_tools("order_status", limits=limits), gateway, folder)
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.message) == ("LimitReached", complaint)
    assert outcome.usage.calls == calls == len(endpoint.completions)
    assert outcome.usage.total_tokens == sum(endpoint.answered_tokens)
    assert len(spans(outcome, "chat")) == calls


async def test_time_is_limited(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    endpoint.faults = lambda number, request: Fault("silent")
    outcome = await ask(spec(limits={"timeout_s": 0.2}), gateway, folder)
    assert outcome.failure is not None
    assert outcome.failure.message == "limits.timeout_s: no answer within 0.2 s"
    assert 0.2 <= outcome.latency_s < 2
    assert (outcome.usage.calls, outcome.usage.unknown_usage_calls) == (1, 1)
    assert spans(outcome, "invoke_workflow")[0].attributes["error.type"] == "LimitReached"
    assert len(spans(outcome, "chat")) == 1


async def test_tokens_of_a_trial_are_limited(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    outcome = await ask(spec(limits={"max_tokens": 10}), gateway, folder)
    assert outcome.failure is not None
    assert outcome.failure.kind == "BudgetExceeded"
    assert endpoint.completions == []


async def test_the_budget_of_the_run_ends_the_run(endpoint: MisbehavingEndpoint, folder: Path) -> None:
    async with Gateway(env=endpoint.env, run_budget=Budget(max_tokens=10)) as gateway:
        agent = await prepared(spec(), gateway, folder)
        with pytest.raises(BudgetExceeded) as caught:
            await agent.answer("Hello?", replica=0, seed=0)
        assert caught.value.scope == "run"
        with pytest.raises(BudgetExceeded):
            await agent.answer("Hello?", replica=0, seed=0)


def where(complaint: str) -> str:
    return "input" if "the input" in complaint else "output"


@pytest.mark.parametrize(
    ("guardrails", "text", "complaint", "calls"),
    [
        ({"max_input_chars": 5}, "Too long", "max_input_chars blocked the input", 0),
        ({"max_output_chars": 5}, "Hi", "max_output_chars blocked the answer", 1),
        ({"forbid_output": ["You said"]}, "Hi", "forbid_output.0 blocked the answer: matches 'You said'", 1),
    ],
)
async def test_guardrails_block(
    endpoint: MisbehavingEndpoint,
    gateway: Gateway,
    folder: Path,
    guardrails: dict[str, Any],
    text: str,
    complaint: str,
    calls: int,
) -> None:
    outcome = await ask(spec(guardrails=guardrails), gateway, folder, text)
    assert outcome.failure is not None
    assert outcome.failure.kind == "GuardrailBlocked"
    assert complaint in outcome.failure.message
    assert outcome.usage.calls == calls == len(endpoint.completions)
    assert outcome.trace is not None
    assert [span.name for span in outcome.trace.spans if span.status == "error"][-1].startswith("guardrail")
    told = await ask(spec(guardrails=guardrails | {"blocked_text": "I may not say that."}), gateway, folder, text)
    assert told.answer is not None
    assert told.answer.text == "I may not say that."
    assert told.usage.calls == calls
    assert told.trace is not None
    assert [span.name for span in told.trace.spans if span.status == "error"] == [f"guardrail {where(complaint)}"]


async def test_abstains_without_asking_the_model(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    agent = await prepared(with_passages(guardrails={"abstain_below": 0.2}), gateway, folder)
    near = await agent.answer("Are returns accepted?", replica=0, seed=0)
    far = await agent.answer("Who wrote Hamlet?", replica=0, seed=0)
    assert near.answer is not None
    assert near.answer.citations
    assert far.answer is not None
    assert (far.answer.text, far.answer.citations, far.usage) == ("I don't know.", (), Usage())
    assert len(endpoint.completions) == 1
    assert far.trace is not None
    assert far.trace.spans[-1].attributes["evalplat.guardrail.abstained"] is True


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("rate_limited", "ModelOverloaded"), ("server_error", "ModelOverloaded"), ("closed", "ModelUnreachable"),
        ("closed_midway", "ModelUnreachable"), ("broken_body", "ModelReplyBroken"), ("html_body", "ModelReplyBroken"),
        ("wrong_schema", "ModelReplyBroken"), ("unauthorized", "ModelRefused"), ("bad_request", "ModelRefused"),
        ("unknown_model", "ModelUnknown"),
    ],
)  # fmt: skip
async def test_what_an_endpoint_does_wrong_is_the_cause(
    endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path, fault: Any, kind: str
) -> None:
    agent = await prepared(spec(), gateway, folder)
    endpoint.faults = lambda number, request: Fault(fault)
    outcome = await agent.answer("Hello?", replica=0, seed=0)
    assert outcome.failure is not None
    assert outcome.failure.kind == kind
    assert outcome.failure.message
    assert "\n" not in outcome.failure.message
    assert endpoint.api_key not in outcome.model_dump_json()
    assert outcome.usage.calls == 1
    assert outcome.trace is not None
    assert outcome.trace.spans[0].attributes["error.type"] == kind
    assert "Hello?" in str(spans(outcome, "invoke_agent")[0].attributes["gen_ai.input.messages"])


async def test_retries_are_in_usage_and_trace(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    agent = await prepared(spec(model={"max_retries": 3}), gateway, folder)
    faults = iter(["server_error", "rate_limited"])
    endpoint.faults = lambda number, request: Fault(kind) if (kind := next(faults, None)) else None  # type: ignore[arg-type]
    outcome = await agent.answer("Hello?", replica=0, seed=0)
    assert outcome.answer is not None
    assert (outcome.usage.calls, outcome.usage.retries) == (3, 2)
    assert [event.name for event in spans(outcome, "chat")[0].events] == ["retry", "retry"]


@pytest.mark.parametrize(
    "reply",
    [
        "",
        {"content": None},
        "\x00\x1b[31m<script>alert(1)</script>{{ x }}",
        "x" * 1_000_000,
        {"content": None, "refusal": "I will not."},
        {"content": "a\ud800b"},
        {"content": None, "tool_calls": [{"id": "x", "type": "function", "function": {"name": "", "arguments": ""}}]},
        {"content": None, "tool_calls": "none"},
        {"content": "deep", "extra": [[[[[[]]]]]]},
    ],
)
async def test_whatever_a_model_says_is_an_outcome(
    endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path, reply: Any
) -> None:
    endpoint.respond = lambda request: reply
    outcome = await ask(spec(model={"max_tokens": 10_000}), gateway, folder)
    if outcome.failure is None:
        assert outcome.answer is not None
        content = reply if isinstance(reply, str) else reply["content"]
        assert outcome.answer.text == (content or "").replace("\ud800", "\ufffd")
    else:
        assert outcome.failure.kind in {"ModelReplyBroken", "ToolFailed", "ModelRefused"}
    assert Outcome.model_validate_json(outcome.model_dump_json()) == outcome
    assert outcome.usage.calls == len(endpoint.completions)


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
async def test_content_that_is_not_text(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    endpoint.respond = lambda request: {"content": ["not", "text"]}
    outcome = await ask(spec(), gateway, folder)
    assert outcome.failure is not None
    assert outcome.failure.kind == "ModelReplyBroken"


async def test_an_empty_answer_is_an_answer_and_asked_for_once(
    endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path
) -> None:
    endpoint.respond = lambda request: ""
    outcome = await ask(spec(), gateway, folder)
    assert outcome.answer is not None
    assert outcome.answer.text == ""
    assert len(endpoint.completions) == 1


async def test_text_that_cannot_be_sent_is_a_failure_not_a_crash(
    endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path
) -> None:
    outcome = await ask(with_passages(), gateway, folder, "half a pair \ud800")
    assert outcome.trace is not None
    assert (outcome.failure is None) == (len(endpoint.completions) == 1)


async def test_secrets_of_the_environment_leave_nowhere(
    endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DB_PASSWORD", "tr0ub4dor&3")
    outcome = await ask(spec(), gateway, folder, "Is it tr0ub4dor&3?")
    assert outcome.answer is not None
    assert outcome.answer.text == "You said: Is it [redacted]?"
    assert "tr0ub4dor" not in outcome.model_dump_json()


async def test_cancelling_propagates_and_leaves_the_agent_usable(
    endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path
) -> None:
    agent = await prepared(spec(), gateway, folder)
    endpoint.latency_s = 5
    trace_id = "f" * 32
    task = asyncio.ensure_future(agent.answer("Hello?", replica=0, seed=0, trace_id=trace_id))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    endpoint.latency_s = 0
    again = await agent.answer("Hello?", replica=0, seed=0, trace_id=trace_id)
    assert again.answer is not None


# -- before any trial --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent_spec", "error", "complaint"),
    [
        (with_passages(retrieval={"passages": "none.jsonl"}), SpecError, "none.jsonl: cannot be read"),
        (with_passages(retrieval={"passages_sha256": "0" * 64}), SpecError, "have changed since"),
        (with_tools("nothing"), SpecError, "tools: nothing: function: module tools has no nothing"),
        (with_tools("odd"), SpecError, "tools: odd: function: its parameters cannot be described"),
        (spec(model={"name": "openai:other-model"}), ModelUnknown, "other-model"),
        (spec(model={"name": "nonsense"}), ModelUnknown, "nonsense"),
    ],
)
async def test_prepare_says_what_is_wrong(
    endpoint: MisbehavingEndpoint,
    gateway: Gateway,
    folder: Path,
    agent_spec: AgentSpec,
    error: type[EvalplatError],
    complaint: str,
) -> None:
    with pytest.raises(error, match=complaint):
        await prepared(agent_spec, gateway, folder)
    assert endpoint.completions == [] or error is ModelUnknown


async def test_prepare_finds_a_refused_key_and_a_dead_endpoint(endpoint: MisbehavingEndpoint, folder: Path) -> None:
    async with Gateway(env={**endpoint.env, "OPENAI_API_KEY": "sk-wrong-key-0123456789"}) as gateway:
        with pytest.raises(ModelRefused):
            await prepared(spec(), gateway, folder)
    endpoint.close()
    async with Gateway(env=endpoint.env, retry=RetryPolicy(base_s=0.001, max_s=0.002)) as gateway:
        with pytest.raises(ModelUnreachable):
            await prepared(spec(), gateway, folder)


async def test_any_name_of_an_agent_will_do(endpoint: MisbehavingEndpoint, gateway: Gateway, folder: Path) -> None:
    named = spec().model_copy(update={"name": "v2 (reworded): ß/\U0001f600 {x} %s"})
    outcome = await ask(named, gateway, folder)
    assert outcome.answer is not None
    assert spans(outcome, "invoke_agent")[0].attributes["gen_ai.agent.name"] == named.name


async def test_an_agent_is_prepared_first(gateway: Gateway, folder: Path) -> None:
    with pytest.raises(RuntimeError, match="prepare"):
        await Agent(spec(), gateway, base_dir=folder).answer("Hello?", replica=0, seed=0)


def test_bad_guardrails_are_said_when_the_agent_is_made(folder: Path) -> None:
    with pytest.raises(SpecError, match="is not a regular expression"):
        Agent(spec(guardrails={"forbid_output": ["("]}), None, base_dir=folder)  # type: ignore[arg-type]


def test_nothing_heavy_is_imported_with_the_rooms() -> None:
    program = (
        "import sys\n"
        "import evalplat.runtime.agents, evalplat.runtime.retrieval, evalplat.runtime.tools\n"
        "import evalplat.runtime.guardrails, evalplat.runtime.telemetry\n"
        "heavy = {'pydantic_ai', 'bm25s', 'wordllama', 'numba', 'scipy', 'mlflow', 'plotly', 'openai'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
