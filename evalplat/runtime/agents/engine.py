"""Engine: the loop of model and tools, by pydantic-ai. The only module that imports it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from evalplat.errors import EvalplatError, LimitReached, ModelRefused, ModelReplyBroken, SpecError, ToolFailed
from evalplat.records import AgentSpec
from evalplat.runtime.telemetry import redact, tracer_provider
from evalplat.runtime.tools import Tool

if TYPE_CHECKING:
    import pydantic_ai
    from pydantic_ai.exceptions import AgentRunError

    from evalplat.runtime.gateway.session import Session

TOOL_RETRIES = 2
"""How often in a row a model may call a tool wrongly, or see it fail, before the trial fails."""

_RETRIES_SPENT = re.compile(r"Tool '(?P<tool>.*)' exceeded max retries count of \d+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Said:
    """The model's last words, and all messages so far as pydantic-ai keeps them."""

    text: str
    history: tuple[Any, ...]


class Engine:
    """One agent's loop, built once and run for many trials at a time.

    Raises SpecError where a tool's parameters cannot be described to a model.
    """

    def __init__(self, spec: AgentSpec, tools: Sequence[Tool]) -> None:
        import pydantic_ai
        from opentelemetry.metrics import NoOpMeterProvider
        from pydantic_ai.models.instrumented import InstrumentationSettings

        self._spec = spec
        self._agent: pydantic_ai.Agent[None, Any] = pydantic_ai.Agent(
            # None: a model that says nothing has answered with nothing, and is not asked again behind our back.
            output_type=[str, type(None)],
            name=spec.name,
            instructions=spec.prompts.system or None,
            tools=[_adapted(tool) for tool in tools],
            retries={"tools": TOOL_RETRIES, "output": 0},
        )
        self._instrumentation = InstrumentationSettings(
            tracer_provider=tracer_provider(),
            meter_provider=NoOpMeterProvider(),
            include_model_request_parameters=False,
            version=6,
        )

    def warm_up(self, session: Session) -> None:
        """Load what a run will need: a second or two that must not count as the latency of the first trial."""
        self._model(session)

    async def run(self, prompt: str, session: Session, *, seed: int) -> str:
        """The model's last words. Raises as `say` does."""
        return (await self.say(prompt, session, seed=seed)).text

    async def say(self, prompt: str, session: Session, *, seed: int, history: Sequence[Any] = ()) -> Said:
        """The model's last words, after what `history` (of the last Said) holds.

        Raises LimitReached, ToolFailed, and the ModelErrors that the gateway raises under the client.
        """
        from pydantic_ai.exceptions import AgentRunError, UsageLimitExceeded
        from pydantic_ai.usage import UsageLimits

        limits = self._spec.limits
        try:
            result = await self._agent.run(
                prompt,
                message_history=list(history) or None,
                model=self._model(session),
                model_settings=self._settings(seed),
                # Tokens and money are held by the gateway, which also knows of retries.
                usage_limits=UsageLimits(request_limit=limits.max_steps, tool_calls_limit=limits.max_tool_calls),
            )
        except UsageLimitExceeded as err:
            raise LimitReached(_limit(err.message, self._spec)) from err
        except AgentRunError as err:
            raise _translated(err, session) from err
        return Said(str(result.output or ""), tuple(result.all_messages()))

    def _model(self, session: Session) -> Any:
        from pydantic_ai.models.instrumented import InstrumentedModel
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        model = OpenAIChatModel(session.model, provider=OpenAIProvider(openai_client=session.client))
        # Named here, it wins over what an application around us set by Agent.instrument_all.
        return InstrumentedModel(model, self._instrumentation)

    def _settings(self, seed: int) -> Any:
        from pydantic_ai.settings import ModelSettings

        model = self._spec.model
        settings = ModelSettings(temperature=model.temperature, max_tokens=model.max_tokens, seed=seed)
        if model.top_p is not None:
            settings["top_p"] = model.top_p
        return settings


def _adapted(tool: Tool) -> pydantic_ai.Tool[None]:
    """The tool as pydantic-ai wants it: with the function's own signature, failing into something to try again."""
    import pydantic_ai
    from pydantic_ai.exceptions import UserError
    from pydantic_core import PydanticCustomError, SchemaError

    @wraps(tool.function)
    async def call(**arguments: Any) -> Any:
        try:
            return await tool.call(**arguments)
        except ToolFailed as err:
            # The line goes to the model's provider: an exception may quote a key.
            raise pydantic_ai.ModelRetry(redact(str(err))) from err

    function: Callable[..., Any] = call
    try:
        return pydantic_ai.Tool(function, name=tool.name, takes_ctx=False)
    except (UserError, SchemaError, PydanticCustomError, TypeError, ValueError, RuntimeError) as err:
        message = " ".join(str(err).split())[:300]
        raise SpecError(
            f"function: its parameters cannot be described: {message}", where=f"tools: {tool.name}"
        ) from err


def _limit(message: str, spec: AgentSpec) -> str:
    if "tool_calls_limit" in message:
        return f"limits.max_tool_calls: the model asked for more than {spec.limits.max_tool_calls} tool calls"
    if "request_limit" in message:
        return f"limits.max_steps: no answer after {spec.limits.max_steps} model calls"
    return message


def _translated(err: AgentRunError, session: Session) -> EvalplatError:
    from pydantic_ai.exceptions import ContentFilterError, ModelRetry

    # Under the client a call ends with one of our own errors, which the client and pydantic-ai wrap, each in its own.
    if session.last_error is not None:
        return session.last_error
    said = " ".join(err.message.split())
    if isinstance(err, ContentFilterError):
        return ModelRefused(f"the model or its provider refused to answer: {said}")
    spent = _RETRIES_SPENT.match(err.message)
    if spent is None:
        return ModelReplyBroken(f"the reply cannot be used: {said}")
    cause = err.__cause__
    last = " ".join(str(cause).split()) if isinstance(cause, ModelRetry) else "its arguments do not fit its parameters"
    return ToolFailed(f"tool {spent['tool']!r} failed {TOOL_RETRIES + 1} times in a row; the last time: {last}")
