"""Exchange: cases and runs out of the files of other tools, and into them."""

from .agentdojo import read_agentdojo, read_agentdojo_table
from .assemble import UNKNOWN_TIME
from .case_columns import CaseTable
from .inspect_read import read_inspect
from .inspect_samples import read_samples
from .inspect_write import write_inspect, write_samples
from .otlp import read_otlp
from .run_lines import is_run, read_run, write_run
from .tau_bench import read_tau_bench

__all__ = [
    "UNKNOWN_TIME",
    "CaseTable",
    "is_run",
    "read_agentdojo",
    "read_agentdojo_table",
    "read_inspect",
    "read_otlp",
    "read_run",
    "read_samples",
    "read_tau_bench",
    "write_inspect",
    "write_run",
    "write_samples",
]
