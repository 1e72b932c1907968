"""AgentSpec: everything that makes an agent what it is, hashed part by part."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .agent_diff import AgentDiff, PartChange, part_text
from .base import Name, Record, content_hash


class Prompts(Record):
    """`user` is a template: `{question}` and, with retrieval, `{passages}` are put in."""

    system: str = ""
    user: str = "{question}"


class ModelSettings(Record):
    """Which model, and how it is asked. `name` is `embedded`, `gguf:PATH`, or `openai:NAME`."""

    name: Name = "embedded"
    temperature: float = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=256, ge=1)
    top_p: float | None = Field(default=None, gt=0, le=1)
    timeout_s: float = Field(default=60.0, gt=0, description="Wall-clock limit of one attempt of one call.")
    max_retries: int = Field(default=4, ge=0, le=20)


class ToolRef(Record):
    """A function that the agent may call. `function` is `module:function`."""

    name: Name
    function: Name
    timeout_s: float = Field(default=30.0, gt=0)


class Retrieval(Record):
    """Passages to look into. `passages` is a JSON Lines file of {id, text, title?}, beside the spec's file."""

    passages: Name
    passages_sha256: str | None = Field(default=None, description="Filled in at load: content of the file.")
    method: Literal["bm25", "embedding", "hybrid"] = "hybrid"
    top_k: int = Field(default=1, ge=1, le=100)
    separator: str = "\n"


class Guardrails(Record):
    """Checks around the model. A blocked input or answer is a failed trial with its cause, or `blocked_text`."""

    max_input_chars: int | None = Field(default=None, ge=1)
    max_output_chars: int | None = Field(default=None, ge=1)
    forbid_output: tuple[str, ...] = Field(default=(), description="Regular expressions that no answer may match.")
    blocked_text: str | None = Field(
        default=None, min_length=1, description="What the user is told in place of what was blocked."
    )
    abstain_below: float | None = Field(
        default=None, description="Where the best passage scores lower, answer `abstain_text` without asking the model."
    )
    abstain_text: str = "I don't know."


class Limits(Record):
    """Hard limits of one trial."""

    max_steps: int = Field(default=8, ge=1, description="Model calls.")
    max_tool_calls: int = Field(default=16, ge=0)
    max_tokens: int | None = Field(default=None, ge=1, description="Input and output tokens together.")
    max_cost_usd: float | None = Field(default=None, gt=0)
    timeout_s: float = Field(default=300.0, gt=0)


class AgentSpec(Record):
    """An agent as data. Two specs with equal `fingerprint` are the same agent."""

    name: Name
    prompts: Prompts = Prompts()
    model: ModelSettings = ModelSettings()
    tools: tuple[ToolRef, ...] = ()
    retrieval: Retrieval | None = None
    guardrails: Guardrails = Guardrails()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _consistent(self) -> AgentSpec:
        if "{question}" not in self.prompts.user:
            raise ValueError("prompts.user must contain {question}")
        if (self.retrieval is None) == ("{passages}" in self.prompts.user):
            raise ValueError("prompts.user must contain {passages} where retrieval is set, and only there")
        if self.guardrails.abstain_below is not None and self.retrieval is None:
            raise ValueError("guardrails.abstain_below needs retrieval")
        names = [tool.name for tool in self.tools]
        if len(set(names)) != len(names):
            raise ValueError("tools: a name occurs twice")
        return self

    @property
    def part_hashes(self) -> dict[str, str]:
        """SHA-256 of each part, by its field name; the name of the agent is not a part. Of what differs from the
        defaults, so that a field that is new makes no agent another."""
        parts = self.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
        return {part: content_hash(parts.get(part)) for part in sorted(type(self).model_fields) if part != "name"}

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the hashes of all parts: what the agent is, whatever it is called."""
        return content_hash(self.part_hashes)

    def diff(self, other: AgentSpec) -> AgentDiff:
        """Names of the parts in which `other` differs, sorted; its `changes` hold their text on both sides.

        >>> from evalplat.records import AgentSpec, Prompts
        >>> one = AgentSpec(name="v1", prompts=Prompts(system="Be brief."))
        >>> two = AgentSpec(name="v2", prompts=Prompts(system="Be brief.\\nBe kind."))
        >>> print(*one.diff(two), one.diff(two).changes[0].after, sep="\\n")
        prompts
        system: |-
          Be brief.
          Be kind.
        user: '{question}'
        """
        mine, theirs = self.part_hashes, other.part_hashes
        return AgentDiff(
            (
                PartChange(part=part, before=self._text(part), after=other._text(part))
                for part in mine
                if mine[part] != theirs[part]
            ),
            before=self.name,
            after=other.name,
        )

    def _text(self, part: str) -> str:
        return part_text(self.model_dump(mode="json", include={part})[part])
