"""LangChain and LangGraph: a callback handler that only the context of a trial has."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .capturing import capture_here
from .conventions import as_text, tool_attributes
from .messages import Message, call_part, content_parts, dumped, result_part

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.messages import BaseMessage


def put_in() -> None:
    """Register the handler with LangChain's own hook; it does nothing outside a trial."""
    from langchain_core.tracers.context import register_configure_hook

    handler = _handler()
    # A default, so that every context has it: whose trial it is says `capture_here`.
    register_configure_hook(ContextVar[Any]("evalplat_langchain", default=handler), inheritable=True)


def _handler() -> BaseCallbackHandler:
    from langchain_core.callbacks import BaseCallbackHandler

    class Listener(BaseCallbackHandler):
        """Called inline, in the task or thread that runs the step."""

        run_inline = True

        def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: Any, **more: Any) -> None:
            """Only the whole graph is a span: its nodes and routers are LangGraph's affair."""
            capture = capture_here()
            if capture is not None and more.get("parent_run_id") is None:
                name = more.get("name") or "chain"
                about = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name}
                capture.begin(run_id, f"invoke_agent {name}", about)

        def on_chain_end(self, outputs: Any, *, run_id: Any, **more: Any) -> None:
            _end(run_id)

        def on_chain_error(self, error: BaseException, *, run_id: Any, **more: Any) -> None:
            _end(run_id, error=error)

        def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: Any, **more: Any) -> None:
            asked = [_message(message) for message in messages[0]] if messages else []
            _begin_call(run_id, "chat", asked, more)

        def on_llm_start(self, serialized: Any, prompts: Any, *, run_id: Any, **more: Any) -> None:
            asked = [{"role": "user", "parts": content_parts(prompt)} for prompt in prompts]
            _begin_call(run_id, "text_completion", asked, more)

        def on_llm_end(self, response: Any, *, run_id: Any, **more: Any) -> None:
            _end(run_id, _answered(response))

        def on_llm_error(self, error: BaseException, *, run_id: Any, **more: Any) -> None:
            _end(run_id, error=error)

        def on_tool_start(self, serialized: Any, input_str: str, *, run_id: Any, **more: Any) -> None:
            capture = capture_here()
            if capture is not None:
                name = str((serialized or {}).get("name") or more.get("name") or "tool")
                inputs = more.get("inputs")
                about = {
                    **tool_attributes(name),
                    "gen_ai.tool.call.id": more.get("tool_call_id"),
                    "gen_ai.tool.call.arguments": as_text(input_str if inputs is None else inputs),
                }
                capture.begin(run_id, f"execute_tool {name}", about)

        def on_tool_end(self, output: Any, *, run_id: Any, **more: Any) -> None:
            content = getattr(output, "content", output)
            failed = getattr(output, "status", "success") == "error"
            _end(run_id, {"gen_ai.tool.call.result": as_text(content)}, error=as_text(content) if failed else None)

        def on_tool_error(self, error: BaseException, *, run_id: Any, **more: Any) -> None:
            _end(run_id, error=error)

    return Listener()


def _begin_call(run_id: Any, operation: str, asked: list[Message], more: dict[str, Any]) -> None:
    capture = capture_here()
    if capture is None:
        return
    parameters, metadata = more.get("invocation_params") or {}, more.get("metadata") or {}
    model = parameters.get("model") or parameters.get("model_name") or metadata.get("ls_model_name")
    about = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": metadata.get("ls_provider"),
        "gen_ai.request.model": model,
        "gen_ai.input.messages": dumped(asked),
    }
    capture.begin(run_id, f"{operation} {model}" if model else operation, about)


def _end(run_id: Any, attributes: dict[str, Any] | None = None, error: BaseException | str | None = None) -> None:
    capture = capture_here()
    if capture is not None:
        capture.end(run_id, attributes or {}, error=error)


def _answered(response: Any) -> dict[str, Any]:
    generations = [generation for batch in response.generations for generation in batch]
    messages = [message for one in generations if (message := getattr(one, "message", None)) is not None]
    if not messages:
        texts = [{"role": "assistant", "parts": content_parts(one.text)} for one in generations]
        return {"gen_ai.output.messages": dumped(texts)}
    usage, about = getattr(messages[0], "usage_metadata", None) or {}, messages[0].response_metadata or {}
    finish = [str(m.response_metadata["finish_reason"]) for m in messages if m.response_metadata.get("finish_reason")]
    return {
        "gen_ai.output.messages": dumped([_message(message) for message in messages]),
        "gen_ai.usage.input_tokens": usage.get("input_tokens"),
        "gen_ai.usage.output_tokens": usage.get("output_tokens"),
        "gen_ai.response.model": about.get("model_name") or about.get("model"),
        "gen_ai.response.id": about.get("id"),
        "gen_ai.response.finish_reasons": finish or None,
    }


_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}


def _message(message: BaseMessage) -> Message:
    role = _ROLES.get(message.type, message.type)
    if role == "tool":
        return {
            "role": "tool",
            "parts": [result_part(getattr(message, "tool_call_id", None), as_text(message.content))],
        }
    parts = content_parts(message.content)
    parts += [call_part(c["id"], c["name"], as_text(c["args"])) for c in getattr(message, "tool_calls", ())]
    # Arguments that are no JSON are the model's words too.
    parts += [call_part(c["id"], c["name"] or "", c["args"] or "") for c in getattr(message, "invalid_tool_calls", ())]
    return {"role": role, "parts": parts}
