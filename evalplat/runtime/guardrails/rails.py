"""Rails: all guardrails of one agent, compiled once."""

from __future__ import annotations

from collections.abc import Sequence

from evalplat.errors import GuardrailBlocked
from evalplat.records import Citation, Guardrails

from .checks import Check, Forbidden, MaxChars


class Rails:
    """The guardrails of one agent. Raises SpecError where a pattern is not a regular expression.

    `input_checks` see the user's text before anything else does; `output_checks` see the answer before anyone else
    does. Both run in order, and the first complaint blocks. More checks can be handed in beside those of the spec.
    """

    def __init__(
        self, spec: Guardrails, *, input_checks: Sequence[Check] = (), output_checks: Sequence[Check] = ()
    ) -> None:
        self._spec = spec
        inputs: list[Check] = []
        outputs: list[Check] = []
        if spec.max_input_chars is not None:
            inputs.append(MaxChars("max_input_chars", spec.max_input_chars))
        if spec.max_output_chars is not None:
            outputs.append(MaxChars("max_output_chars", spec.max_output_chars))
        outputs += [Forbidden(f"forbid_output.{i}", pattern) for i, pattern in enumerate(spec.forbid_output)]
        self.input_checks = (*inputs, *input_checks)
        self.output_checks = (*outputs, *output_checks)

    def check_input(self, text: str) -> None:
        """Raises GuardrailBlocked where the user's text may not go to the model."""
        _run("input", self.input_checks, text)

    def check_output(self, text: str) -> None:
        """Raises GuardrailBlocked where the answer may not go to the user."""
        _run("answer", self.output_checks, text)

    @property
    def may_abstain(self) -> bool:
        """Whether the agent abstains where it finds too little."""
        return self._spec.abstain_below is not None

    def abstention(self, citations: Sequence[Citation]) -> str | None:
        """The text to answer with, without the model, where the best passage scores too low or there is none."""
        threshold = self._spec.abstain_below
        if threshold is None or any(citation.score >= threshold for citation in citations):
            return None
        return self._spec.abstain_text


def _run(what: str, checks: Sequence[Check], text: str) -> None:
    for check in checks:
        complaint = check.complaint(text)
        if complaint is not None:
            raise GuardrailBlocked(f"guardrail {check.name} blocked the {what}: {complaint}")
