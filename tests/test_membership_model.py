"""The membership model that the police districts will be computed with."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "boundaries"))

from build_membership import Evidence, fit, left_out

WEST, EAST = np.array([520_000.0, 3_820_000.0]), np.array([524_000.0, 3_820_000.0])


def two_towns(precision_m: float = 150.0) -> Evidence:
    """Put five localities of PD1 in the west, and five of PD11 4 km to the east."""
    around = np.array([[0, 0], [300, 0], [-300, 0], [0, 300], [0, -300]], float)
    return Evidence(
        xy_m=np.vstack([WEST + around, EAST + around]),
        labels=np.array(["AF-KBL-PD1"] * 5 + ["AF-KBL-PD11"] * 5 + [], dtype=object),
        weights=np.ones(10),
        precision_m=np.full(10, precision_m),
    )


def rural(evidence: Evidence) -> Evidence:
    """Add a rural locality 4 km south of the western town."""
    return Evidence(
        xy_m=np.vstack([evidence.xy_m, WEST - [0, 4000]]),
        labels=np.append(evidence.labels, "none"),
        weights=np.append(evidence.weights, 1.0),
        precision_m=np.append(evidence.precision_m, 150.0),
    )


def test_each_town_belongs_to_its_own_label() -> None:
    """In the middle of five like labels the answer is that label, and rows sum to 1."""
    evidence = rural(two_towns())
    told = fit(evidence)(np.vstack([WEST, EAST, WEST - [0, 4000]]))
    assert told.sum(axis=1) == pytest.approx(np.ones(3))
    assert [evidence.units[best] for best in told.argmax(axis=1)] == [
        "AF-KBL-PD1",
        "AF-KBL-PD11",
        "none",
    ]
    assert told.max(axis=1).min() > 0.8


def test_halfway_between_two_towns_nobody_can_say() -> None:
    """By symmetry the two labels are equally likely in the middle."""
    evidence = rural(two_towns())
    middle = fit(evidence)((WEST + EAST)[None] / 2)[0]
    ours = middle[evidence.units.index("AF-KBL-PD1")]
    theirs = middle[evidence.units.index("AF-KBL-PD11")]
    assert ours == pytest.approx(theirs, abs=0.1)


def test_empty_land_is_in_no_police_district() -> None:
    """Far from every locality "none" wins."""
    evidence = rural(two_towns())
    far = fit(evidence)((WEST - [0, -30_000])[None])[0]
    assert evidence.units[int(far.argmax())] == "none"
    assert far.max() > 0.9


def test_a_hidden_locality_does_not_vouch_for_itself() -> None:
    """Left out, a lone locality's own label loses what it alone gave."""
    evidence = rural(two_towns())
    lone = len(evidence.labels) - 1
    hidden = np.zeros((1, lone + 1), bool)
    seen = left_out(evidence.xy_m[[lone]], hidden, evidence)[0, -1]
    hidden[0, lone] = True
    unseen = left_out(evidence.xy_m[[lone]], hidden, evidence)[0, -1]
    assert unseen < seen


def test_the_same_evidence_gives_the_same_surface() -> None:
    """The problem is convex: the order of the localities does not matter."""
    evidence = rural(two_towns())
    turned = Evidence(
        evidence.xy_m[::-1],
        evidence.labels[::-1],
        evidence.weights[::-1],
        evidence.precision_m[::-1],
    )
    points = np.vstack([WEST, EAST, (WEST + EAST) / 2])
    assert fit(evidence)(points) == pytest.approx(fit(turned)(points), abs=1e-4)
