"""Agent: an AgentSpec that answers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalplat.errors import BudgetExceeded, GuardrailBlocked, LimitReached, SpecError
from evalplat.records import AgentSpec, Answer, Citation, Failure, Outcome, Usage
from evalplat.runtime.guardrails import Rails
from evalplat.runtime.retrieval import Index, parse_passages, read_passages
from evalplat.runtime.telemetry import Recording, clean, record
from evalplat.runtime.tools import Tool, load_tools

from .dialogue import Dialogue, Through
from .engine import Engine
from .spec_file import passages_path
from .template import fill

if TYPE_CHECKING:
    from evalplat.runtime.gateway import Gateway
    from evalplat.runtime.gateway.session import Session


class Agent:
    """An agent that answers one text at a time, many at once.

    `base_dir` is the folder of the agent's file: passages and tools are looked for beside it.
    """

    def __init__(self, spec: AgentSpec, gateway: Gateway, *, base_dir: Path) -> None:
        self.spec = spec
        self._gateway = gateway
        self._base_dir = base_dir
        self._rails = Rails(spec.guardrails)
        self._index: Index | None = None
        self._engine: Engine | None = None

    async def prepare(self) -> None:
        """Load passages and tools, and check the model: what can be wrong with the spec is said before any trial.

        Raises SpecError; what `Gateway.check` raises: ModelUnknown, ModelRefused, ModelUnreachable...; BudgetExceeded
        where money is limited and the model has no price.
        """
        # In a thread: it imports much and reads files, and the event loop may have other agents to serve.
        self._engine = await asyncio.to_thread(self._load_engine)
        if self.spec.retrieval is not None:
            self._index = await asyncio.to_thread(self._load_index)
        await self._gateway.check(self.spec.model, self.spec.limits)
        session = self._gateway.session(self.spec.model, self.spec.limits)
        await asyncio.to_thread(self._engine.warm_up, session)

    async def answer(self, text: str, *, replica: int, seed: int, trace_id: str | None = None) -> Outcome:
        """What the agent makes of `text`: an answer or a failure, with usage and trace either way.

        `replica` is the number of the trial, by which equal requests are told apart in the cache. `latency_s` is wall
        clock without the wait for a free slot of the endpoint, which is due to other trials.

        What goes wrong in a trial is in its outcome. Raises BudgetExceeded where the budget of the whole run is spent,
        RuntimeError before `prepare`, ValueError for a malformed `trace_id`, and nothing else.
        """
        if self._engine is None:
            raise RuntimeError("prepare() the agent first")
        started_at, start = datetime.now(UTC), time.perf_counter()
        trial = _Trial()
        with record(f"invoke_workflow {self.spec.name}", trace_id=trace_id, attributes=self._about(text)) as recording:
            try:
                answer = await self._within_time(text, trial, recording, replica=replica, seed=seed)
            except Exception as err:
                recording.failed(err)
                if isinstance(err, BudgetExceeded) and err.scope == "run":
                    raise
                kind = type(err).__name__
                trial.failure = Failure(kind=kind, message=recording.redactor.line(str(err)) or kind)
            else:
                trial.answer = _sound(answer, recording)
                recording.root.set_attribute("gen_ai.output.messages", _message("assistant", trial.answer.text))
            latency_s = time.perf_counter() - start - trial.queued_s
        return Outcome(
            answer=trial.answer,
            failure=trial.failure,
            usage=trial.usage,
            latency_s=max(latency_s, 0.0),
            started_at=started_at,
            trace=recording.trace,
        )

    @asynccontextmanager
    async def converse(
        self,
        *,
        replica: int,
        seed: int,
        trace_id: str | None = None,
        tools: Sequence[Tool] = (),
        through: Through | None = None,
    ) -> AsyncIterator[Dialogue]:
        """A conversation: several messages, one trace, one budget. `replica`, `seed`, `trace_id` as in `answer`.

        `tools` are offered beside the agent's own, and in the place of those of the same name; `through`: see
        `Gateway.session`. Limits of steps, tool calls and time hold for each reply, those of tokens and money for all.
        """
        if self._engine is None:
            raise RuntimeError("prepare() the agent first")
        engine = await asyncio.to_thread(self._engine_with, tools) if tools else self._engine
        name = f"invoke_workflow {self.spec.name}"
        with record(name, trace_id=trace_id, attributes=self._about("")) as recording:
            session = self._gateway.session(
                self.spec.model,
                self.spec.limits,
                replica=replica,
                seed=seed,
                headers={"traceparent": recording.traceparent},
                through=through,
            )
            dialogue = Dialogue(self, engine, session, recording, seed=seed)
            yield dialogue
        dialogue.trace = recording.trace

    async def reply(self, text: str, dialogue: Dialogue) -> str:
        """The answer to one more message of a conversation, by guardrails, retrieval and model. Raises what they do."""
        recording = dialogue.recording
        try:
            self._guard("input", text, recording)
            citations = self._retrieve(text, recording)
            abstention = self._abstention(citations, recording)
            if abstention is not None:
                return abstention
            said = await dialogue.ask(self._prompt(text, citations))
            self._guard("output", said, recording)
        except GuardrailBlocked as err:
            return self._instead_of(err)
        return clean(said)

    def _engine_with(self, tools: Sequence[Tool]) -> Engine:
        given = {tool.name for tool in tools}
        own = [ref for ref in self.spec.tools if ref.name not in given]
        return Engine(self.spec, (*load_tools(own, base_dir=self._base_dir), *tools))

    async def _within_time(self, text: str, trial: _Trial, recording: Recording, *, replica: int, seed: int) -> Answer:
        limit = self.spec.limits.timeout_s
        clock = asyncio.timeout(limit)
        try:
            async with clock:
                return await self._answer(text, trial, recording, replica=replica, seed=seed)
        except TimeoutError as err:
            if not clock.expired():
                raise
            raise LimitReached(f"limits.timeout_s: no answer within {limit:g} s") from err

    async def _answer(self, text: str, trial: _Trial, recording: Recording, *, replica: int, seed: int) -> Answer:
        try:
            return await self._guarded(text, trial, recording, replica=replica, seed=seed)
        except GuardrailBlocked as err:
            return Answer(text=self._instead_of(err))

    async def _guarded(self, text: str, trial: _Trial, recording: Recording, *, replica: int, seed: int) -> Answer:
        assert self._engine is not None
        self._guard("input", text, recording)
        citations = self._retrieve(text, recording)
        abstention = self._abstention(citations, recording)
        if abstention is not None:
            return Answer(text=abstention)
        trial.session = self._gateway.session(
            self.spec.model,
            self.spec.limits,
            replica=replica,
            seed=seed,
            headers={"traceparent": recording.traceparent},
        )
        said = await self._engine.run(self._prompt(text, citations), trial.session, seed=seed)
        self._guard("output", said, recording)
        return Answer(text=clean(said), citations=citations)

    def _prompt(self, text: str, citations: tuple[Citation, ...]) -> str:
        values = {"question": text}
        if self.spec.retrieval is not None:
            values["passages"] = self.spec.retrieval.separator.join(citation.text for citation in citations)
        return fill(self.spec.prompts.user, values)

    def _retrieve(self, text: str, recording: Recording) -> tuple[Citation, ...]:
        if self._index is None or self.spec.retrieval is None:
            return ()
        wanted = self.spec.retrieval
        attributes = {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.data_source.id": wanted.passages,
            "gen_ai.retrieval.query.text": text,
            "gen_ai.request.top_k": float(wanted.top_k),
            "evalplat.retrieval.method": wanted.method,
        }
        with recording.span(f"retrieval {wanted.passages}", attributes) as span:
            citations = self._index.search(text, wanted.top_k)
            found = [{"id": citation.source_id, "score": citation.score} for citation in citations]
            span.set_attribute("gen_ai.retrieval.documents", json.dumps(found, ensure_ascii=False))
        return citations

    def _instead_of(self, blocked: GuardrailBlocked) -> str:
        """What the user is told in place of what was blocked. Raises it where the spec has nothing to say."""
        if self.spec.guardrails.blocked_text is None:
            raise blocked
        return self.spec.guardrails.blocked_text

    def _guard(self, stage: str, text: str, recording: Recording) -> None:
        checks = self._rails.input_checks if stage == "input" else self._rails.output_checks
        if not checks:
            return
        attributes = {"evalplat.guardrail.stage": stage, "evalplat.guardrail.checks": [c.name for c in checks]}
        with recording.span(f"guardrail {stage}", attributes):
            (self._rails.check_input if stage == "input" else self._rails.check_output)(text)

    def _abstention(self, citations: tuple[Citation, ...], recording: Recording) -> str | None:
        if not self._rails.may_abstain:
            return None
        with recording.span("guardrail abstain_below", {"evalplat.guardrail.stage": "retrieval"}) as span:
            abstention = self._rails.abstention(citations)
            span.set_attribute("evalplat.guardrail.abstained", abstention is not None)
            if citations:
                span.set_attribute("evalplat.guardrail.best_score", max(citation.score for citation in citations))
        return abstention

    def _load_engine(self) -> Engine:
        return Engine(self.spec, load_tools(self.spec.tools, base_dir=self._base_dir))

    def _load_index(self) -> Index:
        wanted = self.spec.retrieval
        assert wanted is not None
        path = passages_path(self.spec, self._base_dir)
        content = read_passages(path)
        if wanted.passages_sha256 not in (None, hashlib.sha256(content).hexdigest()):
            raise SpecError("the passages have changed since the agent was loaded", where=str(path))
        return Index(parse_passages(content, where=str(path)), wanted.method)

    def _about(self, text: str) -> dict[str, Any]:
        return {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": self.spec.name,
            "gen_ai.agent.name": self.spec.name,
            "gen_ai.agent.version": self.spec.fingerprint,
            "gen_ai.input.messages": _message("user", text),
        }


class _Trial:
    """What is known of a trial while it goes on, so that nothing of it is lost where it fails."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.answer: Answer | None = None
        self.failure: Failure | None = None

    @property
    def usage(self) -> Usage:
        return self.session.usage if self.session is not None else Usage()

    @property
    def queued_s(self) -> float:
        return self.session.queued_s if self.session is not None else 0.0


def _sound(answer: Answer, recording: Recording) -> Answer:
    """The answer without the values of known secrets; what merely looks like one is the model's own text."""
    return answer.model_copy(update={"text": recording.redactor.known(answer.text)})


def _message(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)
