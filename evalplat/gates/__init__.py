"""Gates: pair scored systems into a Comparison; Comparison and policy into a Decision. Pure functions."""

from .anchor import against_anchor
from .attempts import attempted, continued, evidence_before
from .compare import compare
from .decide import decide, held_by_anchor
from .dimensions import deciding, dimension_of, lights
from .drift import drift
from .flaky import flaky
from .looks import Continue, Schedule, State, Stop, next_step, schedule
from .loosened import loosened
from .pairing import Lacking
from .ranking import rank
from .several import decide_several
from .simulation import Binary, Bounded, Latent, Lognormal, Normal, Shape, SimulatedModel, judge, pairs_of, simulate
from .since import since
from .slice_means import slice_means
from .spending import priced, spending
from .standing_out import standing_out
from .summarize import summarize

__all__ = [
    "Binary",
    "Bounded",
    "Continue",
    "Lacking",
    "Latent",
    "Lognormal",
    "Normal",
    "Schedule",
    "Shape",
    "SimulatedModel",
    "State",
    "Stop",
    "against_anchor",
    "attempted",
    "compare",
    "continued",
    "decide",
    "decide_several",
    "deciding",
    "dimension_of",
    "drift",
    "evidence_before",
    "flaky",
    "held_by_anchor",
    "judge",
    "lights",
    "loosened",
    "next_step",
    "pairs_of",
    "priced",
    "rank",
    "schedule",
    "simulate",
    "since",
    "slice_means",
    "spending",
    "standing_out",
    "summarize",
]
