"""What can go wrong, drawn once.

EvalplatError
├── InputError            what the user handed over is malformed: file, place, what was expected
│   ├── SpecError           an agent, suite or policy file
│   ├── CaseError           a case or dataset file
│   ├── ScoreTableError     a score table
│   └── LogError            a log, trajectory or trace file of another tool
├── ReferenceUnknown      a run, alias, system or target that cannot be found
├── ResumeMismatch        a run that cannot go on: what it froze has changed
├── GateUndecidable       no decision could be made from what was given
├── ModelError            anything between the runtime and a model
│   ├── ModelUnknown        no such model, or no way to reach it is configured
│   ├── ModelRefused        the endpoint refused the key or the request
│   ├── ModelUnreachable    the endpoint is down, stalled or closed the connection
│   ├── ModelOverloaded     429 or 5xx after all retries
│   ├── ModelReplyBroken    a reply that is not what the protocol promises
│   └── BudgetExceeded      the next call could cost more than is left
├── AgentError            the agent itself
│   ├── LimitReached        too many steps, too many tool calls, too long
│   ├── ToolFailed          a tool raised, or was called wrongly too often
│   └── GuardrailBlocked    a guardrail stopped the input or the answer
├── TargetFailed          a target that is not ours failed: a callable raised, an endpoint said no
├── RunFailed             every trial of a run failed, or it could not go on
├── LedgerError           the ledger cannot be read or written
├── StoreError            the experiment store cannot be reached or lost something
└── DependencyMissing     an optional part is not installed: which, and the command that installs it

Every message is one line that says what, where and what to do. `exit_code` is what the command line ends with.
"""

from __future__ import annotations


class EvalplatError(Exception):
    """Base of all errors that evalplat raises on purpose."""

    exit_code = 2


class InputError(EvalplatError):
    """Malformed input. `where` is `file`, `file:line` or `file: field.path`."""

    def __init__(self, message: str, *, where: str | None = None) -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class SpecError(InputError):
    """A malformed agent, suite or policy file."""


class CaseError(InputError):
    """A malformed case or dataset file."""


class ScoreTableError(InputError):
    """A malformed score table."""


class LogError(InputError):
    """A malformed log, trajectory or trace file of another tool."""


class ReferenceUnknown(EvalplatError):
    """A run, alias, system or target that cannot be found."""


class ResumeMismatch(EvalplatError):
    """A run that cannot go on because what it froze has changed."""


class GateUndecidable(EvalplatError):
    """No decision could be made from what was given."""


class ModelError(EvalplatError):
    """Anything that goes wrong between the runtime and a model."""


class ModelUnknown(ModelError):
    """No such model, or no way to reach it is configured."""


class ModelRefused(ModelError):
    """The endpoint refused the key or the request."""


class ModelUnreachable(ModelError):
    """The endpoint is down, stalled or closed the connection."""


class ModelOverloaded(ModelError):
    """429 or 5xx after all retries."""


class ModelReplyBroken(ModelError):
    """A reply that is not what the protocol promises."""


class BudgetExceeded(ModelError):
    """The next call could cost more than is left. `scope` is `trial` or `run`."""

    def __init__(self, message: str, *, scope: str) -> None:
        super().__init__(message)
        self.scope = scope


class AgentError(EvalplatError):
    """The agent itself failed."""


class LimitReached(AgentError):
    """Too many steps, too many tool calls, or too long."""


class ToolFailed(AgentError):
    """A tool raised, or was called wrongly too often."""


class GuardrailBlocked(AgentError):
    """A guardrail stopped the input or the answer."""


class TargetFailed(EvalplatError):
    """A target that is not ours failed: a callable raised, an endpoint said no."""


class RunFailed(EvalplatError):
    """Every trial of a run failed, or the run could not go on."""


class LedgerError(EvalplatError):
    """The ledger cannot be read or written."""


class StoreError(EvalplatError):
    """The experiment store cannot be reached, or lost something."""


class DependencyMissing(EvalplatError):
    """An optional part is not installed."""

    def __init__(self, part: str, *, extra: str) -> None:
        super().__init__(f"{part} is not installed: pip install 'evalplat[{extra}]'")
        self.part = part
        self.extra = extra
