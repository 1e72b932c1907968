"""pydantic-ai: its own instrumentation, in the format that the runtime's agents use too."""

from __future__ import annotations

from evalplat.runtime.telemetry import tracer_provider


def put_in() -> None:
    """Instrument all agents that say nothing else; what the application itself has set stays."""
    from opentelemetry.metrics import NoOpMeterProvider
    from pydantic_ai import Agent
    from pydantic_ai.models.instrumented import InstrumentationSettings

    if Agent._instrument_default:  # theirs; its spans are found by their provider
        return
    Agent.instrument_all(
        InstrumentationSettings(
            tracer_provider=tracer_provider(),
            meter_provider=NoOpMeterProvider(),
            include_model_request_parameters=False,
            version=6,
        )
    )
