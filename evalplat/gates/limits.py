"""Limits of the contract below which data is too thin for a verdict."""

FEWEST_CASES = 20
FEWEST_CLUSTERS = 8
FEWEST_DF = 4.0
FEWEST_DIFFERING = 5
"""Clusters that show a difference; with fewer, a pass also needs an exact bound."""

FEWEST_IN_TAIL = 5
"""Cases beyond a quantile; with fewer no resample reaches beyond the largest, and the interval is too short."""

NEAR_BOUND = 0.10
"""Share of the range within which a mean is near its end, so that a pass takes alpha / 2."""
