"""The one rule by which every verdict is graded, and the words for a probability."""

from __future__ import annotations

from typing import Literal

Grade = Literal[
    "consistent",
    "leans-consistent",
    "undetermined",
    "leans-inconsistent",
    "inconsistent",
    "not-assessable",
]


def grade_of(p: float, interval: tuple[float, float], bayes_factor: float) -> Grade:
    """Return the grade: the one rule by which every verdict is graded.

    ================== ============ ======================== ============
    grade              p            interval's worse end     Bayes factor
    ================== ============ ======================== ============
    consistent         at least .90 lowest at least .75      at least 10
    leans-consistent   at least .60 lowest at least .40      at least 3
    leans-inconsistent at most .30  highest at most .50      at most 1/3
    inconsistent       at most .05  highest at most .15      at most 1/10
    undetermined       anything else
    ================== ============ ======================== ============

    Parameters
    ----------
    p : float
        Posterior mass in the claimed place, 0 to 1.
    interval : (float, float)
        Its lowest and highest value over the settings that were tried.
    bayes_factor : float
        Posterior odds over prior odds, above 0. The evidence must speak, not only the prior:
        with no clue at all each of 22 police districts starts near 1/22, and that is no
        contradiction.

    Notes
    -----
    The limits are judgements; `benchmarks/calibration.py` measures what they lead to. The worse
    end counts the doubt that no clue is about this event, so that one finding of reliability 0.98
    can contradict a claim and one of 0.9 cannot.
    """
    low, high = interval
    if p >= 0.90 and low >= 0.75 and bayes_factor >= 10:
        return "consistent"
    if p >= 0.60 and low >= 0.40 and bayes_factor >= 3:
        return "leans-consistent"
    if p <= 0.05 and high <= 0.15 and bayes_factor <= 1 / 10:
        return "inconsistent"
    if p <= 0.30 and high <= 0.50 and bayes_factor <= 1 / 3:
        return "leans-inconsistent"
    return "undetermined"


def likelihood_words(p: float) -> str:
    """Return ICD 203's words for a probability from 0 to 1 (ICD 203, 2015, p. 3)."""
    steps = (
        (0.05, "almost no chance"),
        (0.20, "very unlikely"),
        (0.45, "unlikely"),
        (0.55, "roughly even chance"),
        (0.80, "likely"),
        (0.95, "very likely"),
    )
    return next((words for limit, words in steps if p < limit), "almost certain")
