"""McNemar's test, exact and mid-p."""

from __future__ import annotations

from dataclasses import dataclass

from ._distributions import binomial_cdf
from ._inputs import whole


@dataclass(frozen=True, slots=True)
class McNemar:
    """Two-sided p-values for `b` pairs that succeed only on the first side and `c` only on the second."""

    b: int
    c: int
    p_exact: float
    p_midp: float
    method: str = "McNemar, exact and mid-p"


def mcnemar(b: int, c: int) -> McNemar:
    """Whether two paired proportions differ, from the discordant pairs alone; 1 where there are none.

    With m = min(b, c) and X binomial(b + c, 1/2): exact is 2 P(X <= m), at most 1; mid-p counts P(X = m) half.

    Raises ValueError unless b and c are whole numbers from 0.

    McNemar, Note on the sampling error of the difference between correlated proportions, Psychometrika 12 (1947)
    153-157; Fagerland, Lydersen & Laake, The McNemar test for binary matched-pairs data: mid-p and asymptotic are
    better than exact conditional, BMC Medical Research Methodology 13 (2013) 91.
    """
    b, c = whole("b", b), whole("c", c)
    smaller, n = min(b, c), b + c
    if n == 0:
        return McNemar(b, c, 1.0, 1.0)
    below, at_most = binomial_cdf(smaller - 1, n, 0.5), binomial_cdf(smaller, n, 0.5)
    return McNemar(b, c, min(1.0, 2.0 * at_most), 1.0 if b == c else below + at_most)
