"""The simulation that measures areas and verdicts, in a small fixed set."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from calibration import WORLDS, Outcome, score, simulate


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """Simulate 25 raids in each world."""
    return list(simulate(25, seed=7))


def test_areas_hold_the_truth_about_as_often_as_they_say(outcomes: list[Outcome]) -> None:
    """Of 50 raids whose clues are as good as stated, within what chance leaves (2.6 σ)."""
    found = score(each for each in outcomes if each.world != "overstated")
    assert found.cases == 50
    assert abs(found.level_50 - 0.5) <= 0.18
    assert found.level_95 >= 0.87
    assert found.covered_95 >= 0.87
    assert found.covered_50 >= found.level_50  # ties come whole
    assert all(each.held[0] <= each.held[1] <= each.held[2] for each in outcomes)


def test_no_verdict_is_confident_and_wrong_where_clues_are_as_stated(
    outcomes: list[Outcome],
) -> None:
    """Nor where one in ten is wrong and says so."""
    assert score(each for each in outcomes if each.world != "overstated").confident_wrong == 0


def test_the_same_seed_gives_the_same_raids() -> None:
    """A figure can be counted again; another seed gives other raids."""
    first, again, other = (list(simulate(2, seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert first != other


@pytest.mark.long
def test_coverage_is_what_was_promised() -> None:
    """Of 400 raids a world: half and 95 % at their levels, at least 92 % with wrong clues."""
    found = {world: [] for world in WORLDS}  # type: dict[str, list[Outcome]]
    for each in simulate(400, seed=11, workers=2):
        found[each.world].append(each)
    assert 0.43 <= score(found["stated"]).level_50 <= 0.57
    assert 0.92 <= score(found["stated"]).level_95 <= 0.98
    assert score(found["wrong"]).covered_95 >= 0.92
    assert max(score(found[world]).confident_wrong for world in ("stated", "wrong")) <= 0.01
