"""The statistical engine: arrays in, frozen results out."""

from .benjamini_hochberg import benjamini_hochberg
from .clopper_pearson import ClopperPearson, clopper_pearson
from .cluster_mean import ClusterMean, cluster_mean
from .holm import holm
from .mcnemar import McNemar, mcnemar
from .pass_k import pass_at_k, pass_hat_k
from .tango import Tango, tango
from .wilson import Wilson, wilson

__all__ = [
    "ClopperPearson",
    "ClusterMean",
    "McNemar",
    "Tango",
    "Wilson",
    "benjamini_hochberg",
    "clopper_pearson",
    "cluster_mean",
    "holm",
    "mcnemar",
    "pass_at_k",
    "pass_hat_k",
    "tango",
    "wilson",
]
