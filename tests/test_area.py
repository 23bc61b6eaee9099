"""Clues and a prior to a surface, a surface to regions, and what each clue brought."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.transform import Affine
from scipy.stats import entropy

from geoloc import (
    Bearing,
    ClueError,
    Drawn,
    Grid,
    InputError,
    Landmark,
    LikelyArea,
    Near,
    Place,
    Prior,
    Searched,
    Within,
    boundaries,
    investigate,
    likely_area,
    read_case,
    uniform_prior,
    verify,
)
from geoloc.area import Region, ledger, raster_prior
from geoloc.area.fusion import densest
from geoloc.area.regions import regions
from geoloc.clues import Clue
from geoloc.errors import PlaceError

TO_DEGREES = Transformer.from_crs(32642, 4326, always_xy=True)
TO_METRES = Transformer.from_crs(4326, 32642, always_xy=True)
BAGRAMI = Place("Bagrami district", ("AF0104",))
PD22 = Place("PD22", ("AF-KBL-PD22",))
PD15 = Place("PD15", ("AF-KBL-PD15",))
ROWS, COLS = 4, 5
slowly = settings(deadline=None, max_examples=50)


@dataclass(frozen=True, eq=False)
class Told:
    """A clue whose likelihood is given cell by cell."""

    likelihood: Any  # (rows, cols), in any unit
    reliability: float = 0.9
    origin: str = "a photo"
    says: str = "as told"
    asserts: tuple[str, ...] = ()

    def log_likelihood(self, grid: Grid) -> np.ndarray:
        """Return the logs."""
        assert grid.shape == np.shape(self.likelihood)
        with np.errstate(divide="ignore"):
            logs: np.ndarray = np.log(np.asarray(self.likelihood, float))
        return logs


def drawn(picture: str) -> np.ndarray:
    """Return a picture's digits; a dot is 0."""
    rows = picture.split()
    return np.array([[0 if mark == "." else int(mark) for mark in row] for row in rows], float)


def marked(picture: str) -> np.ndarray:
    """Return which cells of a picture are `#`."""
    return np.array([[mark == "#" for mark in row] for row in picture.split()])


def grid_of(shape: tuple[int, int], cell_m: float = 1000.0) -> Grid:
    """Return a grid of this many rows and columns in Kabul."""
    return Grid(525_000, 3_820_000, cell_m, *shape)


def prior_of(weights: np.ndarray, cell_m: float = 1000.0) -> Prior:
    """Return a prior in proportion to weights."""
    return Prior(grid_of((len(weights), len(weights[0])), cell_m), weights / weights.sum(), "drawn")


def flat(rows: int = ROWS, cols: int = COLS) -> Prior:
    """Return equal probability for each cell."""
    return prior_of(np.ones((rows, cols)))


def in_metres(found: Region | Place) -> Any:
    """Return the polygon of a region or a unit on UTM 42N, by PROJ."""
    shape = (
        found.geometry if isinstance(found, Region) else boundaries.unit(found.codes[0]).geometry
    )
    return shapely.transform(
        shape, lambda corners: np.column_stack(TO_METRES.transform(*corners.T))
    )


def cells_of(region: Region, grid: Grid) -> np.ndarray:
    """Return which cells have their centre in a region, by shapely and PROJ."""
    lon, lat = TO_DEGREES.transform(*grid.centres_m())
    inside: np.ndarray = shapely.contains_xy(region.geometry, lon, lat)
    return inside


def at(grid: Grid, col: float, row: float) -> tuple[float, float]:
    """Return lon, lat of a spot in cells from the north-west corner."""
    lon, lat = TO_DEGREES.transform(
        grid.west_m + col * grid.cell_m, grid.north_m - row * grid.cell_m
    )
    return lon, lat


likelihoods = st.lists(
    st.integers(1, 9), min_size=ROWS * COLS, max_size=ROWS * COLS
).map(lambda digits: np.reshape(np.array(digits, float), (ROWS, COLS)))  # fmt: skip
with_gaps = likelihoods.filter(lambda values: bool((values > 5).any())).map(
    lambda values: np.where(values > 5, values, 0)
)
trusts = st.floats(0, 0.999)
clue_lists = st.lists(
    st.builds(Told, likelihoods, trusts, st.sampled_from(["photo", "tweet", "call"])),
    min_size=1,
    max_size=6,
)
separate_clues = st.lists(st.tuples(with_gaps, trusts), min_size=1, max_size=5).map(
    lambda pairs: [
        Told(told, trust, f"photo {number}", f"as photo {number} tells")
        for number, (told, trust) in enumerate(pairs)
    ]
)


# The surface


@slowly
@given(likelihoods, clue_lists)
def test_the_surface_sums_to_one_and_its_regions_nest(
    weights: np.ndarray, clues: list[Told]
) -> None:
    """The 50 % area lies in the 80 % area and that in the 95 % area, as cells and as polygons."""
    area = likely_area(clues, prior_of(weights))
    assert area.surface.min() >= 0
    assert area.surface.sum() == pytest.approx(1, abs=1e-12)
    for inner, outer in itertools.pairwise(area.regions):
        assert not (cells_of(inner, area.grid) & ~cells_of(outer, area.grid)).any()
        assert in_metres(inner).difference(in_metres(outer)).area < 1  # of millions of m2
    for region in area.regions:
        cells = cells_of(region, area.grid)
        assert region.held == pytest.approx(area.surface[cells].sum(), abs=1e-12)
        assert region.held >= region.mass - 1e-9
        assert region.area_km2 == pytest.approx(cells.sum())
        assert in_metres(region).area == pytest.approx(region.area_km2 * 1e6, rel=1e-9)
        assert area.surface[cells].min() >= area.surface[~cells].max(initial=0)


@slowly
@given(st.data(), clue_lists)
def test_the_order_of_clues_is_irrelevant(data: st.DataObject, clues: list[Told]) -> None:
    """Also of clues of one origin; and what the ledger tells of an origin stays the same."""
    turned = data.draw(st.permutations(clues))
    one, other = likely_area(clues, flat()), likely_area(turned, flat())
    assert np.allclose(one.surface, other.surface, rtol=1e-5)
    assert one.doubt == pytest.approx(other.doubt, rel=1e-4)
    told = {entry.strand.origin: entry for entry in ledger(one)}
    for entry in ledger(other):
        assert entry.bits == pytest.approx(told[entry.strand.origin].bits, abs=1e-5)
        assert entry.wrong == pytest.approx(told[entry.strand.origin].wrong, abs=1e-5)


@slowly
@given(likelihoods, clue_lists)
def test_a_clue_of_no_reliability_changes_nothing(noise: np.ndarray, clues: list[Told]) -> None:
    """Beside other clues, too; it brings nothing, and is as wrong as stated."""
    before = likely_area(clues, flat())
    after = likely_area([*clues, Told(noise, 0.0, "a rumour")], flat())
    assert np.allclose(before.surface, after.surface, rtol=1e-9)
    assert after.doubt == pytest.approx(before.doubt, rel=1e-6)
    entry = ledger(after)[-1]
    assert entry.bits == pytest.approx(0, abs=1e-9)
    assert entry.wrong == 1


@slowly
@given(clue_lists)
def test_two_copies_of_one_origin_equal_one(clues: list[Told]) -> None:
    """A photo that was posted twice is one photo, whatever else there is."""
    photo = Told(drawn("19111 11911 11191 11119"), 0.8, "the photo")
    once = likely_area([*clues, photo], flat())
    thrice = likely_area([photo, *clues, photo, replace(photo)], flat())
    assert np.allclose(once.surface, thrice.surface, rtol=1e-5)
    assert len(once.strands) == len(thrice.strands)


def test_different_tellings_of_one_observation_are_pooled() -> None:
    """Their geometric mean, √(1·4), √(4·9), √(9·1) by hand; one trusted less counts nothing."""
    two = [Told([[1, 4, 9]], 0.6, "the photo"), Told([[4, 9, 1]], 0.6, "the photo")]
    pooled = likely_area(two, flat(1, 3))
    alone = likely_area([Told([[2, 6, 3]], 0.6, "the photo")], flat(1, 3))
    assert np.allclose(pooled.surface, alone.surface, rtol=1e-6)
    (strand,) = pooled.strands
    assert strand.reliability == 0.6
    assert len(strand.clues) == 2
    rumour = likely_area([*two, Told([[1, 1, 50]], 0.5, "the photo")], flat(1, 3))
    assert np.allclose(rumour.surface, pooled.surface, rtol=1e-6)
    assert rumour.strands[0].reliability == 0.6
    apart = likely_area([Told([[1, 4, 9]], 0.6, "a"), Told([[4, 9, 1]], 0.6, "b")], flat(1, 3))
    assert apart.surface.max() > pooled.surface.max()  # two origins do say more than one


class Heard(Told):
    """A clue of another kind."""


def test_clues_of_several_kinds_in_one_origin_stand_or_fall_together() -> None:
    """A distance and a bearing in one photo are two observations, by hand 1·4, 4·9, 9·1.

    They are one strand, of the lowest reliability; a kind that is told twice counts once.
    """
    seen, heard = Told([[1, 4, 9]], 0.9, "the video"), Heard([[4, 9, 1]], 0.6, "the video")
    alone = likely_area([Told([[4, 36, 9]], 0.6, "the video")], flat(1, 3))
    for clues in ([seen, heard], [heard, seen, replace(seen), heard]):
        area = likely_area(clues, flat(1, 3))
        assert np.allclose(area.surface, alone.surface, rtol=1e-6)
        assert len(area.strands) == 1
    halves = [Told([[1, 16, 81]], 0.9, "the video"), Told([[1, 1, 1]], 0.9, "the video"), heard]
    assert np.allclose(likely_area(halves, flat(1, 3)).surface, alone.surface, rtol=1e-6)


def test_pooled_clues_that_exclude_each_other_are_an_error() -> None:
    """One photo cannot show two places."""
    clues = [Told([[1, 0]], says="in the west"), Told([[0, 1]], says="in the east")]
    with pytest.raises(ClueError, match=r"origin: in the west and in the east: they leave no"):
        likely_area(clues, flat(1, 2))


@slowly
@given(with_gaps, separate_clues)
def test_the_surface_is_that_of_all_ways_to_be_right_and_wrong(
    weights: np.ndarray, clues: list[Told]
) -> None:
    """So are the doubt and each clue's chance of being wrong: all 2^n ways are tried.

    A clue that is right has its likelihood, scaled to mean 1 under the prior; one that is wrong
    says nothing. Neither number of the ledger is an approximation.
    """
    prior = prior_of(weights)
    right = [clue for clue in clues if (clue.likelihood * prior.mass).any()]
    if not right:
        return
    scaled = [clue.likelihood / (clue.likelihood * prior.mass).sum() for clue in right]
    total, surface, wrong = 0.0, np.zeros((ROWS, COLS)), np.zeros(len(right))
    none_right = 0.0
    for ways in itertools.product((True, False), repeat=len(right)):
        joint = prior.mass.copy()
        for is_right, clue, told in zip(ways, right, scaled, strict=True):
            joint *= clue.reliability * told if is_right else 1 - clue.reliability
        surface += joint
        total += joint.sum()
        wrong[~np.array(ways)] += joint.sum()
        none_right = joint.sum()  # the last way
    area = likely_area(right, prior)
    assert np.allclose(area.surface, surface / total, rtol=1e-4, atol=1e-9)
    assert area.doubt == pytest.approx(none_right / total, rel=1e-4)
    told_wrong = [entry.wrong for entry in ledger(area)]
    assert told_wrong == pytest.approx(list(wrong / total), rel=1e-4)


def posterior_by_hand(prior: Prior, clues: Sequence[Told]) -> np.ndarray:
    """Return the surface in numbers of 80 bits, all in logarithms."""
    log = np.log(prior.mass.astype(np.longdouble))
    for clue in clues:
        told = np.asarray(clue.likelihood, np.longdouble)
        told = told / (told * prior.mass).sum()
        log += np.log(clue.reliability * told + (1 - np.longdouble(clue.reliability)))
    weight = np.exp(log - log.max())
    return np.asarray(weight / weight.sum(), float)


@pytest.mark.parametrize("trust", [0.5, 0.9, 0.999999])
@pytest.mark.parametrize("count", [7, 8, 9, 16, 100])
def test_a_hundred_clues_do_not_underflow(count: int, trust: float) -> None:
    """Of different origins, most of them against most cells."""
    random = np.random.default_rng(count)
    clues = [
        Told(np.where(random.random((30, 40)) < 0.02, 1.0, 1e-7), trust, f"photo {number}")
        for number in range(count)
    ]
    prior = flat(30, 40)
    area = likely_area(clues, prior)
    assert np.allclose(area.surface, posterior_by_hand(prior, clues), rtol=2e-4, atol=1e-12)
    assert area.surface.sum() == pytest.approx(1)
    assert 0 <= area.doubt < 1


def test_a_hundred_clues_beyond_doubt_do_not_underflow() -> None:
    """Each calls the truth a million times less likely than another place; together they agree."""
    far = np.abs(np.arange(60) - np.arange(60)[:, None])[:, None]  # of clue n from cell n
    clues = [Told(np.exp(-((far[n % 60] / 3.0) ** 2)), 1.0, f"{n}") for n in range(100)]
    prior = flat(1, 60)
    area = likely_area(clues, prior)
    assert np.allclose(area.surface, posterior_by_hand(prior, clues), rtol=5e-3, atol=1e-9)


def test_a_surface_of_many_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is cut into blocks; where they are cut does not matter."""
    random = np.random.default_rng(1)
    prior = prior_of(random.random((60, 70)) * (random.random((60, 70)) < 0.7))
    clues = [Told(random.random((60, 70)) ** 9, 0.9, f"{n}") for n in range(10)]
    whole = likely_area(clues, prior)
    monkeypatch.setattr("geoloc.area.fusion._BLOCK", 1000)
    cut = likely_area(clues, prior)
    assert np.allclose(whole.surface, cut.surface, rtol=1e-6)
    assert [each.held for each in cut.regions] == pytest.approx([e.held for e in whole.regions])


def test_a_clue_outside_the_study_area_is_refused() -> None:
    """The province fills half of its grid. A landmark on the other half has no ground in it."""
    prior = uniform_prior(cell_m=1000)
    beyond = Landmark("the ruin", 69.75, 34.15, 100)
    assert boundaries.locate(beyond.lon, beyond.lat).provinces[0].unit.code != "AF01"
    with pytest.raises(ClueError, match="the ruin has no ground in the study area"):
        likely_area([Near(beyond, "a photo", at_most_m=500)], prior)


def test_a_clue_that_fits_better_outside_the_study_area_still_counts_inside() -> None:
    """What the prior excludes is excluded, were it e^17 times as likely."""
    told = np.exp(np.array([[17.0, 0.0, math.log(3)]]))
    area = likely_area([Told(told, 1.0)], prior_of(np.array([[0.0, 1, 1]])))
    assert np.allclose(area.surface, [[0, 1 / 4, 3 / 4]])


def test_a_cell_of_almost_no_prior_can_be_pointed_at() -> None:
    """A raster can hold 1e-45; a clue that is sure of that cell gives no infinity."""
    prior = prior_of(np.array([[1.0, 1e-45]]))
    area = likely_area([Told([[0, 1]], 0.9)], prior)
    assert np.isfinite(area.surface).all()
    assert area.surface.sum() == pytest.approx(1)
    sure = likely_area([Told([[0, 1]], 1.0)], prior)
    assert sure.surface[0, 1] == 1
    assert math.isfinite(ledger(area)[0].bits)


@settings(deadline=None, max_examples=10)
@given(st.integers(-12, 12), st.integers(-12, 12))
def test_moving_everything_moves_the_answer(east: int, south: int) -> None:
    """Grid, prior and clues, by whole cells; the ellipsoid is as good as flat over 3 km."""

    def answer(grid: Grid) -> LikelyArea:
        tower = Landmark("the tower", *at(grid, 22, 9), 20)
        corners = [at(grid, *corner) for corner in ((8, 8), (30, 8), (30, 31), (8, 31))]
        weights = np.add.outer(np.arange(40.0), np.arange(40.0) % 7) + 1
        clues: list[Clue] = [
            Near(tower, "a", distance_m=2500.0),
            Bearing(tower, 40.0, "b"),
            Drawn(shapely.Polygon(corners), "c"),
        ]
        return likely_area(clues, Prior(grid, weights / weights.sum(), "drawn"))

    home = Grid(515_000, 3_825_000, 250.0, 40, 40)
    there = replace(home, west_m=515_000 + 250.0 * east, north_m=3_825_000 - 250.0 * south)
    here, moved = answer(home), answer(there)
    assert np.allclose(here.surface, moved.surface, rtol=0.02, atol=1e-7)
    steps = np.subtract(TO_METRES.transform(*moved.mode), TO_METRES.transform(*here.mode)) / 250
    assert steps == pytest.approx([east, -south], abs=1e-3)
    for one, other in zip(here.regions, moved.regions, strict=True):
        shifted = shapely.affinity.translate(in_metres(one), 250.0 * east, -250.0 * south)
        assert shifted.symmetric_difference(in_metres(other)).area <= 0.02 * shifted.area


def test_a_finer_grid_gives_the_same_verdict() -> None:
    """Half the cell changes no probability by more than 0.01, in the raid of 8 May 2023."""
    incident = read_case("2023-05-08-bagrami-pd22")
    found = investigate(incident).area
    assert found is not None
    assert found.grid.cell_m == 250
    near = Near(Landmark("Bagrami centre", 69.274, 34.494), "a report", at_most_m=3000.0)
    priors = [uniform_prior(cell_m=cell_m) for cell_m in (250.0, 125.0)]
    cases: list[Sequence[Clue]] = [found.clues, [near]]
    for clues in cases:
        for claim in (BAGRAMI, PD22):
            coarse, fine = (verify(claim, likely_area(clues, prior)) for prior in priors)
            assert coarse.grade == fine.grade
            assert coarse.probability == pytest.approx(fine.probability, abs=0.01)
            assert coarse.prior == pytest.approx(fine.prior, abs=0.01)


# Regions


def sorted_by_hand(weights: Sequence[int], mass: Fraction) -> int:
    """Return the least weight that is needed, in whole numbers and exact fractions."""
    held = 0
    for weight in sorted(weights, reverse=True):
        held += weight
        if held >= mass * sum(weights):
            return weight
    raise AssertionError("all of them hold everything")


@given(
    st.lists(st.integers(0, 50) | st.integers(0, 10**9), min_size=1, max_size=60).filter(any),
    st.sampled_from(["0.01", "0.2", "0.25", "0.5", "0.8", "0.95", "1"]),
)
def test_the_densest_cells_are_those_of_a_sort(weights: list[int], share: str) -> None:
    """Ties, zeros, one cell, and shares that are met exactly."""
    total = sum(weights)
    surface = np.array(weights) / total
    (found,) = densest(surface, [float(share)])
    assert found == sorted_by_hand(weights, Fraction(share)) / total


def sorted_by_numpy(surface: np.ndarray, mass: float) -> float:
    """Return the density of the last cell that is needed, by one sort of all."""
    dense = np.sort(surface.ravel())[::-1]
    held = np.cumsum(dense)
    return float(dense[min(np.searchsorted(held, mass * held[-1] * (1 - 1e-12)), dense.size - 1)])


@pytest.mark.parametrize("kind", ["random", "flat", "sparse", "denormal", "steep"])
@pytest.mark.parametrize("cells", [1, 7, 400_000])
def test_densest_on_every_kind_of_surface(kind: str, cells: int) -> None:
    """One block of cells and several; densities from all alike to 300 powers of ten apart."""
    random = np.random.default_rng(cells)
    values = {
        "random": random.random(cells) + 1e-9,
        "flat": np.ones(cells),
        "sparse": np.where(np.arange(cells) % 1000 == 0, random.random(cells) + 0.1, 0),
        "denormal": np.where(np.arange(cells) % 3 == 0, random.random(cells) + 0.1, 1e-310),
        "steep": 10.0 ** random.uniform(-300, 0, cells),
    }[kind]
    surface = values / values.sum()
    if kind == "denormal":
        surface[1::3] = 5e-324
    masses = (0.05, 0.5, 0.8, 0.95, 0.999)
    by_numpy = [sorted_by_numpy(surface, mass) for mass in masses]
    assert densest(surface, masses) == pytest.approx(by_numpy, rel=1e-15)


def test_the_regions_of_a_drawn_surface() -> None:
    """Counted by hand: 4 of 10 + 3 + 2 + 1; what two cells of 1 hold is not needed for 80 %."""
    surface = (
        drawn("""
        .31.
        42..
    """)
        / 10
    )
    found = regions(surface, grid_of((2, 4)), (0.95, 0.5, 0.8))
    assert [region.mass for region in found] == [0.5, 0.8, 0.95]
    pictures = [marked(".#.. #..."), marked(".#.. ##.."), marked(".##. ##..")]
    for region, picture, held in zip(found, pictures, (0.7, 0.9, 1.0), strict=True):
        assert (cells_of(region, grid_of((2, 4))) == picture).all()
        assert region.held == pytest.approx(held)
        assert region.area_km2 == picture.sum()
    # The corners of .#.. / #... that are farthest: 2 km east and 2 km south.
    assert found[0].diameter_km == pytest.approx(math.hypot(2, 2), abs=1e-6)


def test_on_a_flat_surface_every_region_is_the_whole() -> None:
    """Cells as dense as the last one come along; the true mass is stated beside the one asked."""
    area = likely_area([Told(np.ones((ROWS, COLS)))], flat())
    for region in area.regions:
        assert region.held == pytest.approx(1)
        assert region.area_km2 == ROWS * COLS
    assert area.mode == pytest.approx(at(area.grid, 0.5, 0.5))  # of equally dense cells, the first


def test_cells_that_cannot_be_are_in_no_region() -> None:
    """Not even in the one of everything."""
    area = likely_area([Told(drawn("1.1 ..1"), 1.0)], flat(2, 3), mass=(1.0,))
    assert (cells_of(area.region(1.0), area.grid) == marked("#.# ..#")).all()


def test_a_cleaned_region_states_anew_what_it_holds() -> None:
    """Specks go, holes are filled, and a bay at the edge of the grid is no hole.

    9 stands for a cell of the region, 1 for one outside it; cells are 1 km2.
    """
    surface = drawn("""
        1119991
        9919199
        9919991
        9911111
        1111119
    """)
    expected = marked("""
        ...###.
        ##.####
        ##.###.
        ##.....
        .......
    """)
    prior = prior_of(surface)
    area = likely_area([Told(np.ones(surface.shape), 0.9)], prior, mass=(0.85,))
    before = area.region(0.85)
    assert (cells_of(before, area.grid) == (surface == 9)).all()
    cleaned = area.cleaned(0.85, least_km2=1.5)
    assert (cells_of(cleaned, area.grid) == expected).all()
    assert cleaned.mass == 0.85
    assert cleaned.held == pytest.approx(surface[expected].sum() / surface.sum())
    assert cleaned.area_km2 == expected.sum() == 16
    assert in_metres(cleaned).area == pytest.approx(16e6)
    # One cell of 9 was lost and one of 1 won.
    assert before.held - cleaned.held == pytest.approx(8 / surface.sum())


def test_cleaning_can_leave_nothing_and_says_so() -> None:
    """A region of specks only holds 0 once they are gone; a size of 0 changes nothing."""
    area = likely_area([Told(drawn("9.9 .9. 9.9"), 1.0)], flat(3, 3))
    gone = area.cleaned(0.95, least_km2=1.5)
    assert (gone.held, gone.area_km2, gone.diameter_km) == (0, 0, 0)
    assert gone.geometry.is_empty
    assert area.cleaned(0.95, least_km2=0) == area.region(0.95)


def test_a_region_that_was_not_asked_for_is_refused() -> None:
    """The message tells which there are."""
    area = likely_area([Told(np.ones((ROWS, COLS)))], flat(), mass=(0.5, 0.9))
    with pytest.raises(InputError, match=r"mass 0\.95 .*0\.5, 0\.9"):
        area.region(0.95)


def test_a_miss_is_measured_from_the_95_percent_area() -> None:
    """Whichever masses were asked for."""
    clues = [Within(BAGRAMI, "a photo")]
    prior = uniform_prior(cell_m=500.0)
    told = [verify(PD15, likely_area(clues, prior, mass)) for mass in ((0.5, 0.95), (0.5,), ())]
    assert told[0] == told[1] == told[2]


def test_the_surface_is_written_as_a_map(tmp_path: Path) -> None:
    """A GeoTIFF on the cells of the grid, with the prior's name."""
    area = likely_area([Told(drawn("12 34"), 0.9)], flat(2, 2))
    area.write_surface(tmp_path / "area.tif")
    with rasterio.open(tmp_path / "area.tif") as raster:
        assert np.allclose(raster.read(1), area.surface)
        assert raster.crs.to_epsg() == 32642
        assert raster.tags()["prior"] == "drawn"
        assert raster.xy(0, 0) == (525_500, 3_819_500)


# The ledger


@slowly
@given(likelihoods, clue_lists)
def test_bits_are_the_relative_entropy(weights: np.ndarray, clues: list[Told]) -> None:
    """Of the surface to the one without the strand, by SciPy."""
    area = likely_area(clues, prior_of(weights))
    for entry in ledger(area):
        rest = [clue for clue in area.clues if clue.origin != entry.strand.origin]
        before = likely_area(rest, area.prior).surface if rest else area.prior.mass
        expected = entropy(area.surface.ravel(), before.ravel(), base=2)
        assert entry.bits == pytest.approx(expected, abs=1e-6)
        (largest,) = regions(before, area.grid, (0.95,))
        assert entry.area_without_km2 == largest.area_km2
        assert entry.area_km2 == area.region(0.95).area_km2


def test_clues_that_exclude_each_other_are_named() -> None:
    """West and east contradict each other; the whole north agrees with both."""
    clues = [
        Told(drawn("9... 9..."), 0.9, "a", "in the west"),
        Told(drawn("...9 ...9"), 0.6, "b", "in the east"),
        Told(drawn("9999 ...."), 0.9, "c", "in the north"),
    ]
    west, east, north = ledger(likely_area(clues, flat(2, 4)))
    assert west.against == ("in the east (b)",)
    assert east.against == ("in the west (a)",)
    assert north.against == ()
    assert east.wrong > 0.5 > west.wrong > north.wrong
    assert "It contradicts: in the west (a). " in east.sentence
    assert "more likely wrong than right" in east.sentence
    assert "wrong" not in west.sentence


def test_clues_that_agree_contradict_nothing() -> None:
    """Each shrinks the area, and says so in one sentence."""
    clues = [
        Told(drawn("99.. 99.."), 0.99, "a", "in the west"),
        Told(drawn("9999 ...."), 0.99, "b", "in the north"),
    ]
    entries = ledger(likely_area(clues, flat(2, 4)))
    assert [entry.against for entry in entries] == [(), ()]
    assert all(0.9 < entry.bits < 1 for entry in entries)  # almost one halving each
    assert "It brought 1.0 bits: without it the 95 % area would be 4 km²" in entries[0].sentence


def test_a_lone_clue_is_measured_against_the_prior() -> None:
    """One cell of eight is three bits."""
    (entry,) = ledger(likely_area([Told(drawn("9... ...."), 1.0)], flat(2, 4)))
    assert entry.bits == pytest.approx(3)
    assert (entry.area_km2, entry.area_without_km2) == (1, 8)
    assert (entry.wrong, entry.against) == (0, ())


def test_bits_stay_finite_where_a_density_vanishes() -> None:
    """Of two clues beyond doubt one lifts a cell from below the smallest number to above it."""
    one, other = np.array([[1.0, 1e-200]]), np.array([[1.0, 1e-180]])
    sure = [Told(one, 1.0, "a"), Told(other, 1.0, "b"), Told([[1e-90, 1.0]], 1.0, "c")]
    for entry in ledger(likely_area(sure, flat(1, 2))):
        assert math.isfinite(entry.bits)
    far = [Landmark("a", 69.1, 34.5, 100), Landmark("b", 69.25, 34.55, 100)]
    rings = [
        Near(mark, mark.name, distance_m=500.0 + 1000 * number, reliability=1)
        for number, mark in enumerate(far)
    ]
    assert all(math.isfinite(entry.bits) for entry in ledger(likely_area(rings)))


# Priors


def raster(path: Path, values: Any, grid: Grid, **profile: Any) -> Path:
    """Write values on the cells of a grid."""
    values = np.asarray(values, "float32")
    given = {"crs": "EPSG:32642", "transform": grid.transform, "dtype": "float32"} | profile
    rows, cols = values.shape
    with rasterio.open(path, "w", "GTiff", count=1, height=rows, width=cols, **given) as file:
        file.write(values, 1)
    return path


@pytest.fixture
def study() -> tuple[Any, Grid]:
    """Draw a study area that covers just the cells of a grid of 2 by 3, and a bit more."""
    grid = Grid(525_000, 3_820_000, 1000.0, 2, 3)
    corners = [at(grid, *corner) for corner in ((0.2, 0.2), (2.8, 0.2), (2.8, 1.8), (0.2, 1.8))]
    drawn_area = shapely.Polygon(corners)
    assert uniform_prior(drawn_area, 1000.0).grid == grid
    return drawn_area, grid


def test_a_raster_weighs_the_cells(study: tuple[Any, Grid], tmp_path: Path) -> None:
    """In proportion to its values, but for a floor that is spread evenly."""
    path = raster(tmp_path / "people.tif", [[1, 2, 3], [0, 4, 0]], study[1])
    weighed = raster_prior(path, study[0], 1000.0, floor=0.0)
    assert np.allclose(weighed.mass, np.array([[1, 2, 3], [0, 4, 0]]) / 10)
    assert weighed.name == "people over the drawn study area"
    half = raster_prior(path, study[0], 1000.0, floor=0.5)
    assert np.allclose(half.mass, np.array([[1, 2, 3], [0, 4, 0]]) / 20 + 1 / 12)
    assert raster_prior(path, study[0], 1000.0).mass.min() == pytest.approx(0.05 / 6)
    even = raster_prior(path, study[0], 1000.0, floor=1.0)
    assert np.allclose(even.mass, 1 / 6)


def test_a_raster_without_a_value_or_below_zero_weighs_nothing(
    study: tuple[Any, Grid], tmp_path: Path
) -> None:
    """NaN, infinity, no data and negative numbers are 0, not a probability."""
    path = raster(
        tmp_path / "odd.tif", [[np.nan, -5, 3], [np.inf, 1, -99]], study[1], nodata=-99
    )  # fmt: skip
    weighed = raster_prior(path, study[0], 1000.0, floor=0.0)
    assert np.allclose(weighed.mass, np.array([[0, 0, 3], [0, 1, 0]]) / 4)


def test_a_raster_outside_the_study_area_does_not_count(tmp_path: Path) -> None:
    """A value on the grid, but beyond the province's line, gets no probability."""
    even = uniform_prior(cell_m=5000.0)
    values = np.where(even.mass > 0, 1.0, 1000.0)
    weighed = raster_prior(raster(tmp_path / "p.tif", values, even.grid), cell_m=5000.0)
    assert np.allclose(weighed.mass, even.mass)
    assert weighed.name == "p over Kabul province"


def test_a_raster_is_found_by_its_name(
    study: tuple[Any, Grid], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among the user's own."""
    monkeypatch.setattr("geoloc.boundaries.user_folder", lambda: tmp_path / "editions")
    (tmp_path / "rasters").mkdir()
    raster(tmp_path / "rasters" / "built-up.tif", np.ones((2, 3)), study[1])
    assert raster_prior("built-up", study[0], 1000.0).name == "built-up over the drawn study area"
    with pytest.raises(InputError, match=r"people\.tif does not exist"):
        raster_prior("people", study[0], 1000.0)


def test_a_raster_that_says_nothing_here_is_refused(
    study: tuple[Any, Grid], tmp_path: Path
) -> None:
    """Elsewhere, empty, all 0 or all negative; and a floor that is no share."""
    area, grid = study
    herat = raster(
        tmp_path / "herat.tif", np.ones((2, 2)), grid,
        crs="EPSG:4326", transform=Affine(0.1, 0, 62, 0, -0.1, 34.5),
    )  # fmt: skip
    with pytest.raises(InputError, match=r"herat\.tif has no value on this ground"):
        raster_prior(herat, area, 1000.0)
    empty = raster(tmp_path / "empty.tif", np.full((2, 3), np.nan), grid)
    with pytest.raises(InputError, match=r"empty\.tif has no value on this ground"):
        raster_prior(empty, area, 1000.0)
    for value in (0, -3):
        none = raster(tmp_path / "none.tif", np.full((2, 3), value), grid)
        with pytest.raises(InputError, match=r"none\.tif has no value above 0"):
            raster_prior(none, area, 1000.0)
    for floor in (-0.1, 1.1, math.nan):
        with pytest.raises(InputError, match="floor must be from 0 to 1"):
            raster_prior(empty, area, 1000.0, floor=floor)


@pytest.mark.parametrize(
    ("study_area", "cell_m"), [("AF01", 250.0), ("AF0104", 50.0), ("AF-KBL-PD2", 10.0)]
)
def test_the_ordinary_cell_suits_the_study_area(study_area: str, cell_m: float) -> None:
    """A round length, the least that needs at most 200,000 cells."""
    grid = uniform_prior(study_area).grid
    assert grid.cell_m == cell_m
    west, south, east, north = in_metres(Place("", (study_area,))).bounds
    finer = max((cell for cell in (10, 25, 50, 100) if cell < cell_m), default=None)
    if finer:
        assert (east - west) * (north - south) / finer**2 > 200_000
    assert (east - west) * (north - south) / cell_m**2 <= 200_000


def test_the_uniform_prior_is_the_study_area() -> None:
    """Its cells are alike, and as many as the province has square kilometres."""
    prior = uniform_prior()
    assert prior.name == "uniform over Kabul province"
    assert prior.mass.sum() == pytest.approx(1)
    assert len(np.unique(prior.mass)) == 2  # 0 and one other
    cells_km2 = (prior.mass > 0).sum() * prior.grid.cell_km2
    province = in_metres(Place("", ("AF01",)))
    assert cells_km2 == pytest.approx(province.area / 1e6, rel=1e-3)


BOX = shapely.box(69.1, 34.5, 69.2, 34.6)
SPECK = shapely.box(69.1, 34.5, 69.1001, 34.5001)
BOW_TIE = shapely.Polygon([(69.1, 34.4), (69.3, 34.6), (69.3, 34.4), (69.1, 34.6)])


@pytest.mark.parametrize(
    ("study_area", "cell_m", "message"),
    [
        ("AF-KBL-PD20", None, "AF-KBL-PD20 has no known line"),
        (SPECK, 5000.0, r"No cell of 5000 m has its centre in the drawn study area"),
        (BOX, 0, r"cell_m must be a finite number above 0, got 0"),
        (BOX, -250.0, r"cell_m .*got -250"),
        (BOX, math.nan, r"cell_m .*got nan"),
        (BOX, 1.0, r"1 m cells over this area make .* more than 4,000,000"),
        (shapely.Polygon(), None, r"study: is an empty Polygon"),
        (shapely.LineString([(69.1, 34.5), (69.2, 34.5)]), None, r"study: is a LineString"),
        (BOW_TIE, None, r"study: is not a valid Polygon"),
        (shapely.box(34.5, 69.1, 34.6, 69.2), None, r"study: .*swapped"),
    ],
)
def test_an_impossible_study_area_is_refused(study_area: Any, cell_m: Any, message: str) -> None:
    """With the value and what to do, before any clue is looked at."""
    with pytest.raises(InputError, match=message):
        uniform_prior(study_area, cell_m)


def test_a_study_area_of_no_known_code_is_refused() -> None:
    """The message says how codes look."""
    with pytest.raises(PlaceError, match=r"AF99.*codes look like"):
        uniform_prior("AF99")


@pytest.mark.parametrize(
    ("mass", "message"),
    [
        (np.full((2, 3), 1 / 6), r"mass is \(2, 3\), but the grid is \(2, 2\)"),
        (np.full((2, 2), 1.0), "sum to 1, not to 4"),
        (np.zeros((2, 2)), "sum to 1, not to 0"),
        (np.array([[1.5, -0.5], [0, 0]]), "0 or more"),
        (np.array([[1, math.nan], [0, 0]]), "not to nan"),
        (np.array([[1, math.inf], [0, 0]]), "not to inf"),
    ],
)
def test_a_prior_is_a_probability(mass: np.ndarray, message: str) -> None:
    """One for each cell."""
    with pytest.raises(InputError, match=message):
        Prior(grid_of((2, 2)), mass, "drawn")


@pytest.mark.parametrize("mass", [(0.0,), (0.5, math.nan), (1.01,), (-0.1,), (math.inf,)])
def test_an_impossible_mass_is_refused(mass: tuple[float, ...]) -> None:
    """Also beside one that is possible."""
    with pytest.raises(InputError, match="mass must be above 0 and at most 1"):
        likely_area([Told(np.ones((ROWS, COLS)))], flat(), mass)


def test_clues_that_leave_nothing_are_named() -> None:
    """No clue, no ground, and two beyond doubt that exclude each other."""
    with pytest.raises(ClueError, match="clues: there is none"):
        likely_area([], flat())
    for nothing in (0.0, math.nan):
        clue = Told(np.full((ROWS, COLS), nothing), says="on the moon")
        with pytest.raises(ClueError, match="on the moon has no ground in the study area"):
            likely_area([clue], flat())
    sure = [Told([[1, 0]], 1.0, "a"), Told([[0, 1]], 1.0, "b")]
    with pytest.raises(ClueError, match="reliability 1 exclude each other"):
        likely_area(sure, flat(1, 2))
    with pytest.raises(ClueError, match="PD20 has no known line"):
        likely_area([Within(Place("PD20", ("AF-KBL-PD20",)), "a photo")])


def test_where_a_likelihood_is_not_a_number_it_cannot_be() -> None:
    """One cell that a file knows nothing of does not spoil the others."""
    area = likely_area([Told([[math.nan, 1, 3]], 1.0)], flat(1, 3))
    assert np.allclose(area.surface, [[0, 0.25, 0.75]])


def test_a_search_that_found_nothing_speaks_for_the_rest() -> None:
    """By hand: a sure search of 1 cell of 4 that would find 3 of 4 leaves 1/4 against 1 there."""
    grid = grid_of((1, 4))
    searched = Searched.cells(grid, marked("#..."), 0.75, "imagery", reliability=1.0)
    area = likely_area([searched], flat(1, 4))
    assert np.allclose(area.surface, np.array([[1, 4, 4, 4]]) / 13)


def test_a_copy_trusted_less_takes_nothing_from_a_clue() -> None:
    """The same drawing reposted at .3, and another of its origin that nobody trusts."""
    sure = Told(drawn("9... 9..."), 0.9, "a", "in the west")
    copy = Told(drawn("9... 9..."), 0.3, "a", "in the west")
    distrusted = Told(drawn("...9 ...9"), 0.0, "a", "in the east")
    alone = likely_area([sure], flat(2, 4)).surface
    for clues in ([sure, copy], [copy, sure], [sure, distrusted], [distrusted, copy, sure]):
        np.testing.assert_allclose(likely_area(clues, flat(2, 4)).surface, alone)
