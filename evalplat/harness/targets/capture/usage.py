"""What a trial used, read from its trace."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from evalplat.records import Span, Trace, Usage

from .conventions import INFERENCE

if TYPE_CHECKING:
    from evalplat.runtime.gateway import PriceTable


def usage_of(
    trace: Trace,
    *,
    foreign: Collection[str] = (),
    retries: int = 0,
    refused: int = 0,
    prices: PriceTable | None = None,
) -> Usage | None:
    """Tokens and calls over the model calls of a trace; None where it has none.

    A model call is a span whose `gen_ai.operation.name` is chat, text_completion or generate_content; one inside
    another is the same call as its client saw it. `foreign` are ids of spans that an instrumentation of the
    application's made: they count only where there are no others, or a call shown by both would count twice. `retries`
    are attempts beyond one a call; `refused` of all attempts were answered by an error, for which nobody is billed.
    The costs are those of the provider at a known address; `prices` come before the list that the gateway uses.
    """
    calls = {span.span_id: span for span in trace.spans if _is_call(span)}
    own = {span_id: span for span_id, span in calls.items() if span_id not in foreign}
    outer = _outermost(trace, own or calls)
    if not outer:
        return None
    told = [span for span in outer if _tokens(span) is not None]
    attempts = len(outer) + retries
    total = Usage(calls=attempts, retries=retries, unknown_usage_calls=max(0, attempts - len(told) - refused))
    for span in told:
        tokens = _tokens(span)
        assert tokens is not None
        total += Usage(input_tokens=tokens[0], output_tokens=tokens[1], cost_usd=_cost(span, tokens, prices))
    if total.unknown_usage_calls:
        return total + Usage(cost_usd=None)
    return total


def _is_call(span: Span) -> bool:
    return span.attributes.get("gen_ai.operation.name") in INFERENCE


def _outermost(trace: Trace, calls: dict[str, Span]) -> list[Span]:
    """Those that lie in no other; parents come before children."""
    inside: set[str] = set()
    found = []
    for span in trace.spans:
        within = span.parent_span_id in inside
        if span.span_id in calls and not within:
            found.append(span)
        if within or span.span_id in calls:
            inside.add(span.span_id)
    return found


def _tokens(span: Span) -> tuple[int, int] | None:
    counts = [span.attributes.get(f"gen_ai.usage.{side}_tokens") for side in ("input", "output")]
    if all(count is None for count in counts):
        return None
    first, last = (count if isinstance(count, int) and count >= 0 else 0 for count in counts)
    return first, last


def _cost(span: Span, tokens: tuple[int, int], prices: PriceTable | None) -> float | None:
    from evalplat.runtime.gateway import PriceTable

    host = span.attributes.get("server.address")
    model = span.attributes.get("gen_ai.response.model") or span.attributes.get("gen_ai.request.model")
    if not isinstance(host, str) or not isinstance(model, str):
        return None
    table = prices or PriceTable()
    return table.cost_at(model, f"https://{host}/v1", input_tokens=tokens[0], output_tokens=tokens[1])
