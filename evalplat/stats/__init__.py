"""The statistical engine: arrays in, frozen results out."""

from .benjamini_hochberg import benjamini_hochberg
from .best_split import Split, best_split
from .bootstrap_t import BootstrapT, bootstrap_t
from .boundaries import Boundaries, boundaries
from .clopper_pearson import ClopperPearson, clopper_pearson
from .cluster_mean import ClusterMean, cluster_mean
from .fisher import fisher_less
from .futility import LEAST_HOPE, Futility, conditional_power, futility
from .holm import holm
from .mcnemar import McNemar, mcnemar
from .needed import NeededClusters, NeededTrials, needed_clusters, needed_trials, power_of
from .neyman import Allocation, neyman
from .operating import Operating, Truth, operating
from .pass_k import pass_at, pass_at_k, pass_hat, pass_hat_k
from .quantile import QuantileDifference, paired_quantile_difference
from .ratio import RatioOfTotals, ratio_of_totals
from .repeated_p import repeated_p
from .sign_flip import SignFlip, sign_flip
from .spending import CLOSEST, EARLY, STEADY, Spending, obrien_fleming_spending
from .stagewise import median_unbiased, stagewise_interval
from .suite_mean import SuiteDifference, SuiteMean, suite_difference, suite_mean
from .tango import Tango, tango
from .variance import VarianceComponents, variance_components
from .wilson import Wilson, wilson

__all__ = [
    "CLOSEST",
    "EARLY",
    "LEAST_HOPE",
    "STEADY",
    "Allocation",
    "BootstrapT",
    "Boundaries",
    "ClopperPearson",
    "ClusterMean",
    "Futility",
    "McNemar",
    "NeededClusters",
    "NeededTrials",
    "Operating",
    "QuantileDifference",
    "RatioOfTotals",
    "SignFlip",
    "Spending",
    "Split",
    "SuiteDifference",
    "SuiteMean",
    "Tango",
    "Truth",
    "VarianceComponents",
    "Wilson",
    "benjamini_hochberg",
    "best_split",
    "bootstrap_t",
    "boundaries",
    "clopper_pearson",
    "cluster_mean",
    "conditional_power",
    "fisher_less",
    "futility",
    "holm",
    "mcnemar",
    "median_unbiased",
    "needed_clusters",
    "needed_trials",
    "neyman",
    "obrien_fleming_spending",
    "operating",
    "paired_quantile_difference",
    "pass_at",
    "pass_at_k",
    "pass_hat",
    "pass_hat_k",
    "power_of",
    "ratio_of_totals",
    "repeated_p",
    "sign_flip",
    "stagewise_interval",
    "suite_difference",
    "suite_mean",
    "tango",
    "variance_components",
    "wilson",
]
