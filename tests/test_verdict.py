"""Clues to an area, and an area to a verdict."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from scipy.stats import norm

from geoloc import (
    ClueError,
    Grid,
    InputError,
    Landmark,
    Near,
    Place,
    Prior,
    Searched,
    Within,
    likely_area,
    load_boundaries,
    uniform_prior,
    verify,
)
from geoloc.boundaries import load_layer
from geoloc.geo import to_degrees
from geoloc.verdict import grade_of, likelihood_words

BAGRAMI = Place("Bagrami district", ("AF0104",))
PD22 = Place("PD22", ("AF-KBL-PD22",))
PD15 = Place("PD15", ("AF-KBL-PD15",))


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A clue drawn by hand: likelihoods as digits, 9 the highest and . impossible."""

    picture: tuple[str, ...]
    reliability: float = 1.0
    origin: str = "a drawing"
    asserts: tuple[str, ...] = ()
    says: str = "drawn by hand"

    def log_likelihood(self, grid: Grid) -> np.ndarray:
        """Return the logs of the drawn digits."""
        assert grid.shape == (len(self.picture), len(self.picture[0]))
        digits = [[0.0 if mark == "." else float(mark) for mark in row] for row in self.picture]
        with np.errstate(divide="ignore"):
            logs: np.ndarray = np.log(np.array(digits))
        return logs


@pytest.fixture
def flat() -> Prior:
    """Spread the event evenly over nine cells of 1 km near Kabul."""
    return Prior(Grid(525_000, 3_820_000, 1000, 3, 3), np.full((3, 3), 1 / 9), "flat")


def test_the_surface_is_the_drawn_likelihood_over_its_sum(flat: Prior) -> None:
    """With a flat prior and a sure clue, the posterior is the likelihood, scaled to 1."""
    area = likely_area([Drawn(("1..", ".81", "..."))], flat)
    assert np.allclose(area.surface, np.array([[1, 0, 0], [0, 8, 1], [0, 0, 0]]) / 10)
    assert area.region(0.5).held == pytest.approx(0.8)
    assert area.region(0.5).area_km2 == 1
    assert area.region(0.95).area_km2 == 3  # the two cells of 0.1 tie, and come together


def test_a_clue_of_no_reliability_changes_nothing(flat: Prior) -> None:
    """At reliability 0 the posterior is the prior."""
    area = likely_area([Drawn(("9..", "...", "..."), reliability=0)], flat)
    assert np.allclose(area.surface, flat.mass)


def test_a_wrong_clue_cannot_empty_the_map(flat: Prior) -> None:
    """Two clues that exclude each other leave a surface that still sums to 1."""
    area = likely_area(
        [
            Drawn(("9..", "...", "..."), 0.9, "one photo"),
            Drawn(("..9", "...", "..."), 0.9, "another"),
        ],
        flat,
    )
    assert area.surface.sum() == pytest.approx(1)
    assert area.surface[0, 0] == pytest.approx(area.surface[0, 2])
    assert area.surface[0, 0] > 10 * area.surface[1, 1] > 0


def test_two_posts_of_one_photo_are_one_clue(flat: Prior) -> None:
    """A clue repeated under one origin leaves the surface as it was."""
    clue = Drawn(("930", "310", "..."), 0.8)
    once, twice = likely_area([clue], flat), likely_area([clue, clue], flat)
    assert np.allclose(once.surface, twice.surface)


digits = st.lists(st.text("123456789", min_size=3, max_size=3), min_size=3, max_size=3).map(tuple)


@given(digits, digits, st.floats(0, 1), st.floats(0, 1))
def test_the_order_of_clues_is_irrelevant(
    first: tuple[str, ...], second: tuple[str, ...], r: float, s: float
) -> None:
    """Clues of different origins commute; surfaces sum to 1; regions nest."""
    prior = Prior(Grid(525_000, 3_820_000, 1000, 3, 3), np.full((3, 3), 1 / 9), "flat")
    clues = [Drawn(first, r, "a"), Drawn(second, s, "b")]
    area, turned = likely_area(clues, prior), likely_area(clues[::-1], prior)
    assert np.allclose(area.surface, turned.surface)
    assert area.surface.sum() == pytest.approx(1)
    held = [region.held for region in area.regions]
    assert held == sorted(held)
    assert all(region.held >= region.mass - 1e-9 for region in area.regions)
    sizes = [region.area_km2 for region in area.regions]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("mass", [(0,), (-0.5,), (1.1,), (math.nan,)])
def test_an_impossible_mass_is_refused(flat: Prior, mass: tuple[float, ...]) -> None:
    """A region holds more than nothing and at most everything."""
    with pytest.raises(InputError, match="mass"):
        likely_area([Drawn(("1..", "...", "..."))], flat, mass)


def test_bad_clues_name_their_field() -> None:
    """No clue, an impossible reliability, no unit, and a unit without a line."""
    with pytest.raises(ClueError, match="clues: there is none"):
        likely_area([])
    with pytest.raises(ClueError, match=r"reliability: .*1\.5"):
        Within(BAGRAMI, "a photo", 1.5)
    with pytest.raises(ClueError, match="codes: 'somewhere' names no unit"):
        Within(Place("somewhere", ()), "a photo")
    with pytest.raises(ClueError, match="PD20 has no known line"):
        likely_area([Within(Place("PD20", ("AF-KBL-PD20",)), "a photo")])
    with pytest.raises(ClueError, match="no ground in the study area"):
        likely_area([Within(Place("Hirat", ("AF3201",)), "a photo")])


def test_the_published_area_agrees_with_the_claim_and_not_with_another() -> None:
    """An area in Bagrami and PD22 is consistent with either, and inconsistent with PD15."""
    area = likely_area([Within(Place("found", ("AF0104", "AF-KBL-PD22")), "a photo")])
    claimed = verify(BAGRAMI, area)
    assert claimed.grade == "consistent"
    assert claimed.probability is not None
    assert claimed.interval is not None
    assert claimed.interval[0] <= claimed.probability <= claimed.interval[1]
    assert claimed.flip_distance_m is not None
    assert claimed.flip_distance_m > 0
    assert "verified" not in claimed.reason
    assert claimed.editions == ("ocha-2018",)
    assert verify(PD22, area).grade == "consistent"
    elsewhere = verify(PD15, area)
    assert elsewhere.grade == "inconsistent"
    assert elsewhere.words == "almost no chance"


def test_a_finding_within_a_unit_is_not_doubted_for_that_units_line() -> None:
    """PD22's line is known to over 1 km, but "within PD22" means PD22, wherever its line runs."""
    within = verify(PD22, likely_area([Within(PD22, "a photo", reliability=0.98)]))
    assert within.probability == pytest.approx(0.98, abs=0.005)


def test_a_finding_on_the_ground_is_doubted_for_the_claimed_line() -> None:
    """The same surface, found without naming PD22, leaves its line's uncertainty in."""

    class Unnamed(Within):
        @property
        def asserts(self) -> tuple[str, ...]:
            return ()

    named, unnamed = Within(PD22, "a photo"), Unnamed(PD22, "a photo")
    sure, unsure = verify(PD22, likely_area([named])), verify(PD22, likely_area([unnamed]))
    assert sure.probability is not None
    assert unsure.probability is not None
    assert unsure.probability < sure.probability - 0.2


def test_the_prior_of_a_claim_is_its_share_of_the_study_area() -> None:
    """Before any clue, Bagrami has its published 279 km2 of the province's area."""
    prior = uniform_prior()
    area = likely_area([Within(BAGRAMI, "a photo")], prior)
    cells = float((prior.mass > 0).sum()) * prior.grid.cell_km2
    verdict = verify(BAGRAMI, area)
    assert verdict.prior == pytest.approx(279 / cells, rel=0.02)


def test_no_evidence_is_not_assessable_with_its_reason() -> None:
    """Without an area there are no numbers, and the case's own reason is given."""
    verdict = verify(PD15, None, reason="The video was filmed at night.")
    assert verdict.grade == "not-assessable"
    assert verdict.reason == "The video was filmed at night."
    assert (verdict.probability, verdict.interval, verdict.prior) == (None, None, None)
    assert (verdict.bayes_factor, verdict.flip_distance_m) == (None, None)
    assert verify(PD15, None).reason


def test_a_claim_without_a_line_is_not_assessable() -> None:
    """Words without a unit, and a unit without a line, give a reason rather than a number."""
    area = likely_area([Within(BAGRAMI, "a photo")])
    assert "names no place" in verify(Place("somewhere in the east", ()), area).reason
    assert "No line is known for PD20" in verify(Place("PD20", ("AF-KBL-PD20",)), area).reason


@pytest.mark.parametrize(
    ("p", "interval", "factor", "grade"),
    [
        (0.97, (0.90, 0.99), 700, "consistent"),
        (0.97, (0.60, 0.99), 700, "leans-consistent"),
        (0.97, (0.90, 0.99), 5, "leans-consistent"),
        (0.97, (0.90, 0.99), 1, "undetermined"),
        (0.70, (0.50, 0.80), 20, "leans-consistent"),
        (0.50, (0.30, 0.70), 1, "undetermined"),
        (0.045, (0.045, 0.045), 1, "undetermined"),  # one of 22 districts, and no clue at all
        (0.20, (0.10, 0.40), 0.2, "leans-inconsistent"),
        (0.01, (0.00, 0.03), 0.01, "inconsistent"),
        (0.01, (0.00, 0.10), 0.01, "inconsistent"),  # one finding of reliability 0.98
        (0.01, (0.00, 0.38), 0.01, "leans-inconsistent"),  # one of 0.9
        (0.06, (0.00, 0.10), 0.01, "leans-inconsistent"),
        (0.01, (0.00, 0.40), 0.01, "leans-inconsistent"),
    ],
)
def test_the_grade_needs_probability_evidence_and_a_steady_interval(
    p: float, interval: tuple[float, float], factor: float, grade: str
) -> None:
    """The rule in one table."""
    assert grade_of(p, interval, factor) == grade


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.00, 0.049, "almost no chance"),
        (0.05, 0.199, "very unlikely"),
        (0.20, 0.449, "unlikely"),
        (0.45, 0.549, "roughly even chance"),
        (0.55, 0.799, "likely"),
        (0.80, 0.949, "very likely"),
        (0.95, 1.000, "almost certain"),
    ],
)
def test_every_probability_has_its_words(low: float, high: float, words: str) -> None:
    """ICD 203's table of seven terms, at both ends of each."""
    assert likelihood_words(low) == likelihood_words(high) == words


def test_the_numbers_of_a_verdict_by_another_way() -> None:
    """Counting cells by hand over plain shapes gives the prior, p and Bayes factor.

    The clue says within Bagrami, r = 0.9: by Bayes' rule in words, right with 0.9 and then inside
    whatever its line, wrong with 0.1 and then anywhere in the province.
    """
    prior = uniform_prior()
    verdict = verify(BAGRAMI, likely_area([Within(BAGRAMI, "a photo", reliability=0.9)], prior))
    lon, lat = Transformer.from_crs(32642, 4326, always_xy=True).transform(*prior.grid.centres_m())
    shape = load_boundaries("districts").set_index("code").geometry["AF0104"]
    inside = shapely.contains_xy(shape, lon, lat) & (prior.mass > 0)
    share = inside.sum() / (prior.mass > 0).sum()
    p = 0.9 + 0.1 * share
    assert verdict.prior == pytest.approx(share, rel=0.01)
    assert verdict.probability == pytest.approx(p, abs=0.003)
    odds = (p / (1 - p)) / (share / (1 - share))
    assert verdict.bayes_factor == pytest.approx(odds, rel=0.05)
    assert verdict.interval is not None
    # Its odds of 9 to 1 are also tried four times as high; and if it is wrong, all is open.
    wrong = 1 / (1 + 9 * 199 / 49)
    high = 1 - wrong + wrong * share
    assert verdict.interval[1] == pytest.approx(high + (1 - high) * wrong, abs=0.003)


def test_the_flip_distance_is_where_the_grade_turns() -> None:
    """Shrinking the claimed place by hand turns the grade at the distance that was told."""
    area = likely_area([Within(BAGRAMI, "a photo")])
    verdict = verify(BAGRAMI, area)
    assert verdict.probability is not None
    assert verdict.interval is not None
    assert verdict.flip_distance_m is not None
    lon, lat = (axis.ravel() for axis in to_degrees(*area.grid.centres_m()))
    layer = load_layer("districts")
    depth, sigma = layer.depth_m("AF0104", lon, lat)
    below = verdict.probability - verdict.interval[0]

    def grade(shift_m: float) -> str:
        kept = norm.cdf((depth - shift_m) / sigma) / np.maximum(norm.cdf(depth / sigma), 1e-12)
        p = float((area.surface.ravel() * np.minimum(1, kept)).sum())
        return grade_of(p, (p - below, 1.0), 100.0)

    assert grade(verdict.flip_distance_m - 60) == verdict.grade
    assert grade(verdict.flip_distance_m + 60) != verdict.grade


def test_the_interval_moves_each_clue_by_its_own_odds() -> None:
    """A clue of no reliability moves nothing: it is not tried as if it were nearly sure."""
    sure, idle = Within(BAGRAMI, "a photo", 0.9), Within(PD15, "a rumour", 0.0)
    alone, both = (verify(BAGRAMI, likely_area(clues)) for clues in ([sure], [sure, idle]))
    assert both.interval == pytest.approx(alone.interval)
    assert both.grade == alone.grade


def test_a_claim_is_not_refuted_by_one_clue_of_ordinary_trust() -> None:
    """One clue of 0.9 only leans against a claim; two of different origin contradict it."""
    one, two = (Within(BAGRAMI, origin, 0.9) for origin in ("a photo", "a witness"))
    assert verify(PD15, likely_area([one])).grade == "leans-inconsistent"
    assert verify(PD15, likely_area([one, two])).grade == "inconsistent"


@pytest.mark.parametrize("reliability", [0.0, 1.0])
def test_a_clue_beyond_all_doubt_or_belief(reliability: float) -> None:
    """Reliability 1 makes the claim certain and 0 leaves the prior; neither is a nan."""
    verdict = verify(BAGRAMI, likely_area([Within(BAGRAMI, "a photo", reliability)]))
    assert verdict.probability == pytest.approx(1.0 if reliability else verdict.prior, abs=1e-6)


def test_certain_clues_that_exclude_each_other_are_named(flat: Prior) -> None:
    """Two of reliability 1 in different cells leave nothing, and that is said."""
    clues = [Drawn(("9..", "...", "..."), 1, "a"), Drawn(("..9", "...", "..."), 1, "b")]
    with pytest.raises(ClueError, match="exclude each other"):
        likely_area(clues, flat)


def test_a_claim_in_another_province_is_inconsistent() -> None:
    """Evidence in Bagrami contradicts a claim of Herat, which no evidence there could support."""
    area = likely_area([Within(BAGRAMI, "a photo")])
    assert verify(Place("Herat", ("AF3201",)), area).grade == "inconsistent"


def test_pd18_alone_is_two_places() -> None:
    """Evidence in west Kabul does not contradict "PD18": a police hawza 18 lay there."""
    area = likely_area([Within(Place("found", ("AF-KBL-PD13",)), "a photo")])
    alone = verify(Place("PD18", ("AF-KBL-PD18",)), area)
    assert alone.grade == "not-assessable"
    assert "hawza 18" in alone.reason
    decided = verify(Place("PD18 in Deh Sabz", ("AF-KBL-PD18", "AF0105")), area)
    assert decided.grade == "inconsistent"


def test_outside_the_study_area_weak_evidence_says_nothing() -> None:
    """A search in vain inside it is no evidence against a claim of another province."""
    whole = shapely.box(69.1, 34.4, 69.4, 34.7)
    weak = likely_area([Searched(whole, 0.9, "a search")])
    verdict = verify(Place("Hirat", ("AF32",)), weak)
    assert verdict.grade == "not-assessable"
    assert "outside the study area" in verdict.reason


def test_a_claim_of_the_whole_study_area_is_not_assessable() -> None:
    """Looking only in Bagrami cannot show that it was in Bagrami."""
    prior = uniform_prior("AF0104", 250)
    verdict = verify(BAGRAMI, likely_area([Within(PD22, "a photo")], prior))
    assert verdict.grade == "not-assessable"
    assert "larger study area" in verdict.reason
    assert verify(PD22, likely_area([Within(PD22, "a photo")], prior)).grade == "consistent"


def test_a_claim_far_outside_flips_by_no_small_shift() -> None:
    """Herat is 600 km away: no shift of its line within 20 km changes anything."""
    area = likely_area([Within(PD22, "a photo")])
    for claim in (Place("Herat", ("AF3201",)), Place("", ("AF-KBL-PD15", "AF-KBL-PD22"))):
        verdict = verify(claim, area)
        assert verdict.grade == "inconsistent"
        assert verdict.flip_distance_m is None or verdict.flip_distance_m > 1000
        assert verdict.interval is not None
        assert 0 <= verdict.interval[0] <= verdict.interval[1] <= 1


def test_the_interval_covers_lines_and_measurements_of_other_widths() -> None:
    """With σ of the claimed line doubled, or the distance vaguer, p moves: by hand, over cells."""
    tower = Landmark("tower", 69.2743, 34.4938, 50)
    near = Near(tower, "a photo", distance_m=1500, sigma_m=400, reliability=1.0)
    area = likely_area([near])
    verdict = verify(PD22, area)
    assert verdict.probability is not None
    assert verdict.interval is not None
    lon, lat = (axis.ravel() for axis in area.grid.centres_deg())
    layer = load_layer("police-districts")
    share = layer.membership(lon, lat, only=("AF-KBL-PD22",))["AF-KBL-PD22"]
    assert verdict.probability == pytest.approx(float(area.surface.ravel() @ share), abs=1e-6)
    vaguer = likely_area([dataclasses.replace(near, sigma_m=600)])
    by_hand = float(vaguer.surface.ravel() @ share)
    assert verdict.interval[0] <= by_hand + 0.005 < verdict.probability
    margin_m, sigma_m = layer.margin_m("AF-KBL-PD22", lon, lat)
    softer = float(area.surface.ravel() @ norm.cdf(margin_m / (2 * sigma_m)))
    low, high = verdict.interval
    assert low - 0.005 <= softer <= high + 0.005
    assert abs(softer - verdict.probability) > 0.01
