"""Suite x target -> trials, and the ledger that survives a crash."""

from .executor import advance, execute
from .ledger import Ledger, Tally
from .progress import Meter, PlainProgress, Progress, ProgressState, progress_line
from .runs import check_unchanged, freeze, new_run_id, require_some_success
from .simulate.stage import require_playable
from .target import Conversant, Conversation, Target
from .targets import AgentTarget, CallableTarget, CommandTarget, HttpTarget, open_target, traced, traced_tool

__all__ = [
    "AgentTarget",
    "CallableTarget",
    "CommandTarget",
    "Conversant",
    "Conversation",
    "HttpTarget",
    "Ledger",
    "Meter",
    "PlainProgress",
    "Progress",
    "ProgressState",
    "Tally",
    "Target",
    "advance",
    "check_unchanged",
    "execute",
    "freeze",
    "new_run_id",
    "open_target",
    "progress_line",
    "require_playable",
    "require_some_success",
    "traced",
    "traced_tool",
]
