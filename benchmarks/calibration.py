"""How often likely areas hold the truth, and verdicts are right: simulated raids of known place.

Run `make calibrate`, or `python benchmarks/calibration.py --cases 10000 --seed 1`. A raid is drawn
from the prior, clues from it with the noise that they state, some about another place, some posted
twice; then the place is claimed, truly or not. Three worlds are told apart:

stated     clues are wrong as often as their reliability says: 2 in 100
wrong      declared 0.9, and 10 in 100 are about another place
overstated declared 0.98, but 10 in 100 are about another place: what trust misplaced costs

It shows that the arithmetic keeps its word. It does not show that real clues are like simulated
ones: their errors are not normal, and whoever picks clues picks those that fit.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
import shapely

from geoloc import Place, boundaries, geo
from geoloc.area import LikelyArea, Prior, likely_area, uniform_prior
from geoloc.clues import (
    Bearing,
    Clue,
    Drawn,
    Landmark,
    Near,
    NotWithin,
    Searched,
    Within,
)
from geoloc.verdict import Verdict, verify

MASSES = (0.5, 0.8, 0.95)
# Kabul and what lies around it: 40 by 40 km.
CITY = shapely.box(
    *geo.geometry_to_degrees(shapely.box(500_000, 3_800_000, 540_000, 3_840_000)).bounds
)
WORLDS = {"stated": (0.98, 0.02), "wrong": (0.9, 0.1), "overstated": (0.98, 0.1)}
LAYERS = ("districts", "police-districts")
MOST_CLUES = 6
TWICE = 0.2  # of clues are posted twice, which must change nothing
GRADES = ("consistent", "leans-consistent", "undetermined", "leans-inconsistent", "inconsistent")
CHUNK = 50
TIE = 1e-9  # densities that differ by less, relatively, are alike


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one simulated case taught."""

    world: str
    kinds: tuple[str, ...]
    held: tuple[float, ...]  # what each region says it holds
    hit: tuple[bool, ...]  # whether it holds the truth
    level: float  # mass of the cells denser than the truth's, of its equals a share drawn at random
    searched: float  # share of the area that is denser than the truth's cell
    log_score: float  # -ln of the posterior density at the truth over the prior's
    claimed: str  # true, beside, elsewhere, or guessed from the clues
    right: bool  # whether the claim is true
    grade: str
    p: float  # told for the claim


@cache
def prior() -> Prior:
    """Return the prior of all cases: uniform over the city, 250 m cells."""
    return uniform_prior(CITY, 250.0)


@cache
def _inside() -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.nonzero(prior().mass)
    return rows, cols


def case(world: str, rng: np.random.Generator) -> Outcome:
    """Simulate one raid, its clues and a claim, and judge them."""
    trust, wrong = WORLDS[world]
    truth = somewhere(rng)
    clues: list[Clue] = []
    kinds = []
    for number in range(int(rng.integers(1, MOST_CLUES + 1))):
        about = truth if rng.random() >= wrong else somewhere(rng)
        kind = KINDS[int(rng.integers(len(KINDS)))]
        clue = kind(about, f"photo {number}", trust, rng)
        kinds.append(type(clue).__name__)
        clues += [clue] * (1 + (rng.random() < TWICE))
    area = likely_area(clues, prior(), MASSES)
    claimed, code = _claim(truth, area, rng)
    verdict = verify(Place("", (code,)), area)
    right = code in truth.units.values()
    return _outcome(world, tuple(sorted(kinds)), area, truth.at, (claimed, right), verdict, rng)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place, and the units that really hold it."""

    at: tuple[float, float]  # lon, lat
    units: dict[str, str]  # by layer; drawn once where nobody can say


def somewhere(rng: np.random.Generator) -> Spot:
    """Return a place drawn from the prior."""
    rows, cols = _inside()
    pick, grid = int(rng.integers(len(rows))), prior().grid
    east = grid.west_m + (cols[pick] + rng.random()) * grid.cell_m
    north = grid.north_m - (rows[pick] + rng.random()) * grid.cell_m
    lon, lat = geo.to_degrees(east, north)
    at = float(lon), float(lat)
    return Spot(at, {layer: _unit_of(at, layer, rng) for layer in LAYERS})


def _moved(at: tuple[float, float], east_m: float, north_m: float) -> tuple[float, float]:
    x, y = geo.to_metres(*at)
    lon, lat = geo.to_degrees(x + east_m, y + north_m)
    return float(lon), float(lat)


def _beside(at: tuple[float, float], far_m: float, rng: np.random.Generator) -> tuple[float, float]:
    """Return a point anywhere within a distance."""
    radius, angle = far_m * math.sqrt(rng.random()), rng.uniform(0, 2 * math.pi)
    return _moved(at, radius * math.cos(angle), radius * math.sin(angle))


def _landmark(
    near: tuple[float, float], rng: np.random.Generator
) -> tuple[tuple[float, float], Landmark]:
    """Return where a landmark is, and the landmark as it is placed on a map."""
    at, sigma_m = _beside(near, 8000, rng), float(rng.choice([10.0, 50.0, 300.0]))
    lon, lat = _moved(at, *rng.normal(0, sigma_m, 2))
    return at, Landmark("a landmark", lon, lat, sigma_m)


def near(about: Spot, origin: str, trust: float, rng: np.random.Generator) -> Clue:
    """State a distance to a landmark, off by its σ."""
    at, landmark = _landmark(about.at, rng)
    sigma_m = float(rng.uniform(150, 800))
    stated_m = -1.0
    while stated_m < 0:
        stated_m = geo.distance_m(*at, *about.at) + rng.normal(0, sigma_m)
    return Near(landmark, origin, distance_m=stated_m, sigma_m=sigma_m, reliability=trust)


def bearing(about: Spot, origin: str, trust: float, rng: np.random.Generator) -> Clue:
    """State the azimuth in which a landmark is seen, off by its σ."""
    at, landmark = _landmark(about.at, rng)
    sigma_deg = float(rng.uniform(2, 8))
    azimuth = (geo.bearing_deg(*about.at, *at) + rng.normal(0, sigma_deg)) % 360
    return Bearing(landmark, azimuth, origin, sigma_deg=sigma_deg, reliability=trust)


def drawn(about: Spot, origin: str, trust: float, rng: np.random.Generator) -> Clue:
    """Draw a disc anywhere around the place."""
    disc = _disc(_beside(about.at, radius := float(rng.uniform(800, 4000)), rng), radius)
    return Drawn(disc, origin, confidence=trust)


def searched(about: Spot, origin: str, trust: float, rng: np.random.Generator) -> Clue:
    """Search discs until one does not find the place."""
    while True:
        radius, sure = float(rng.uniform(2000, 6000)), float(rng.uniform(0.5, 0.95))
        middle = somewhere(rng).at
        inside = geo.distance_m(*middle, *about.at) <= radius
        if not (inside and rng.random() < sure):
            return Searched(_disc(middle, radius), sure, origin, reliability=trust)


def within(about: Spot, origin: str, trust: float, rng: np.random.Generator) -> Clue:
    """Name the district or police district that holds the place."""
    code = about.units[str(rng.choice(LAYERS))]
    if code == "none":
        return not_within(about, origin, trust, rng)
    return Within(Place("", (code,)), origin, trust)


def not_within(about: Spot, origin: str, trust: float, rng: np.random.Generator) -> Clue:
    """Name a district that does not hold the place."""
    others = [code for code in _units()["districts"] if code != about.units["districts"]]
    return NotWithin(Place("", (str(rng.choice(others)),)), origin, trust)


KINDS: tuple[Callable[..., Clue], ...] = (near, bearing, drawn, searched, within, not_within)


def _disc(middle: tuple[float, float], radius_m: float) -> shapely.Polygon:
    x, y = geo.to_metres(*middle)
    disc = shapely.Point(float(x), float(y)).buffer(radius_m, quad_segs=32)
    return geo.geometry_to_degrees(disc)


def _unit_of(at: tuple[float, float], layer: str, rng: np.random.Generator) -> str:
    """Return the unit that holds a place, drawn where nobody can say."""
    shares = boundaries.load_layer(layer).membership([at[0]], [at[1]])
    codes = list(shares)
    weights = np.array([float(shares[code][0]) for code in codes])
    return str(rng.choice(codes, p=weights / weights.sum()))


@cache
def _units() -> dict[str, list[str]]:
    """Return the units of each layer that reach into the city."""
    return {
        name: [
            unit.code
            for unit in boundaries.load_layer(name).values()
            if not unit.geometry.is_empty and unit.geometry.intersects(CITY) and not unit.ambiguous
        ]
        for name in LAYERS
    }


def _claim(truth: Spot, area: LikelyArea, rng: np.random.Generator) -> tuple[str, str]:
    """Claim the true unit, one beside it, any other, or one that the clues alone suggest.

    Only of the last kind is the claim true as often as its probability says: who makes a claim
    mostly knows where it was, and the probability never uses that.
    """
    layer = str(rng.choice(LAYERS))
    true, units = truth.units[layer], _units()[layer]
    sort = str(rng.choice(["true", "beside", "elsewhere", "guessed"], p=[0.35, 0.2, 0.2, 0.25]))
    if sort == "guessed":
        cell = int(rng.choice(area.surface.size, p=area.surface.ravel()))
        row, col = divmod(cell, area.grid.cols)
        x = area.grid.west_m + (col + 0.5) * area.grid.cell_m
        y = area.grid.north_m - (row + 0.5) * area.grid.cell_m
        lon, lat = geo.to_degrees(x, y)
        code = _unit_of((float(lon), float(lat)), layer, rng)
        if code in units:
            return sort, code
    if sort == "true" and true in units:
        return sort, true
    others = [code for code in units if code != true]
    if sort == "beside":
        return sort, min(others, key=lambda code: _distance_m(truth.at, code))
    return "elsewhere", str(rng.choice(others))


def _distance_m(at: tuple[float, float], code: str) -> float:
    x, y = geo.to_metres(*at)
    return float(shapely.distance(_plane(code), shapely.Point(float(x), float(y))))


@cache
def _plane(code: str) -> shapely.Geometry:
    return geo.geometry_to_metres(boundaries.unit(code).geometry)


def _outcome(
    world: str,
    kinds: tuple[str, ...],
    area: LikelyArea,
    truth: tuple[float, float],
    claimed: tuple[str, bool],
    verdict: Verdict,
    rng: np.random.Generator,
) -> Outcome:
    grid = area.grid
    x, y = geo.to_metres(*truth)
    row, col = int((grid.north_m - y) // grid.cell_m), int((x - grid.west_m) // grid.cell_m)
    density = float(area.surface[row, col])
    denser, equal = area.surface > density * (1 + TIE), area.surface >= density * (1 - TIE)
    ahead, along = (float(area.surface[cells].sum()) for cells in (denser, equal))
    at = shapely.Point(*truth)
    return Outcome(
        world=world,
        kinds=kinds,
        held=tuple(region.held for region in area.regions),
        hit=tuple(bool(shapely.intersects(region.geometry, at)) for region in area.regions),
        level=ahead + float(rng.random()) * (along - ahead),
        searched=float(denser.sum() + equal.sum()) / 2 / float((area.prior.mass > 0).sum()),
        log_score=-math.log(max(density, 1e-300) / float(area.prior.mass[row, col])),
        claimed=claimed[0],
        right=claimed[1],
        grade=verdict.grade,
        p=verdict.probability or 0.0,
    )


def simulate(cases: int, seed: int, *, workers: int = 1) -> Iterator[Outcome]:
    """Yield outcomes of so many cases in each world; the same seed gives the same ones."""
    jobs = [
        (world, seed, start, min(CHUNK, cases - start))
        for world in WORLDS
        for start in range(0, cases, CHUNK)
    ]
    if workers == 1:
        for job in jobs:
            yield from _chunk(job)
        return
    with ProcessPoolExecutor(workers) as pool:
        for outcomes in pool.map(_chunk, jobs):
            yield from outcomes


def _chunk(job: tuple[str, int, int, int]) -> list[Outcome]:
    world, seed, start, count = job
    rng = np.random.default_rng([seed, list(WORLDS).index(world), start])
    return [case(world, rng) for _ in range(count)]


@dataclass(frozen=True, slots=True)
class Score:
    """What many outcomes amount to."""

    cases: int
    covered_50: float  # share of cases whose 50 % area holds the truth
    covered_80: float
    covered_95: float
    held_50: float  # what the areas say that they hold, on average
    held_80: float
    held_95: float
    level_50: float  # share of cases whose truth is within the densest 50 %, ties cut at random
    level_95: float
    searched: float  # mean share of the area to search before the truth, best first
    log_score: float  # mean ln of the density at the truth over the prior's; higher is better
    brier: float  # of the probability of claims that are guessed from the clues
    confident: float  # share of verdicts that are consistent or inconsistent
    confident_wrong: float  # share of all verdicts that are so against the truth


def score(outcomes: Iterable[Outcome]) -> Score:
    """Sum up outcomes."""
    every = list(outcomes)
    hit = np.array([each.hit for each in every]).mean(axis=0)
    held = np.array([each.held for each in every]).mean(axis=0)
    wrong = [each.grade == ("inconsistent" if each.right else "consistent") for each in every]
    guessed = [each for each in every if each.claimed == "guessed"]
    return Score(
        len(every), float(hit[0]), float(hit[1]), float(hit[2]),
        float(held[0]), float(held[1]), float(held[2]),
        float(np.mean([each.level <= 0.5 for each in every])),
        float(np.mean([each.level <= 0.95 for each in every])),
        float(np.mean([each.searched for each in every])),
        -float(np.mean([each.log_score for each in every])),
        float(np.mean([(each.p - each.right) ** 2 for each in guessed])) if guessed else math.nan,
        float(np.mean([each.grade in ("consistent", "inconsistent") for each in every])),
        float(np.mean(wrong)),
    )  # fmt: skip


def main() -> None:
    """Simulate and print the tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--cases", type=int, default=10_000, help="in all; a third in each world")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--plot", type=Path, help="also draw the reliability of both, as PNG")
    asked = options.parse_args()
    per_world = -(-asked.cases // len(WORLDS))
    outcomes: list[Outcome] = []
    for outcome in simulate(per_world, asked.seed, workers=os.cpu_count() or 1):
        outcomes.append(outcome)
        if len(outcomes) % 500 == 0:
            print(f"{len(outcomes):,} of {per_world * len(WORLDS):,}", file=sys.stderr, flush=True)
    _print(outcomes)
    if asked.plot:
        draw(outcomes, asked.plot)


def _print(outcomes: list[Outcome]) -> None:
    names = [field.name for field in fields(Score)]
    print(f"{'':34}" + "".join(f"{name.replace('confident', 'conf'):>11}" for name in names))
    for world in WORLDS:
        here = [each for each in outcomes if each.world == world]
        _row(world, here)
        for count in range(1, MOST_CLUES + 1):
            _row(f"  {count} clues", [each for each in here if len(each.kinds) == count])
        for kind in sorted({kind for each in here for kind in each.kinds}):
            _row(f"  with {kind}", [each for each in here if kind in each.kinds])
    for world in WORLDS:
        print(f"\nverdicts of the {world} world, by what was claimed")
        print(f"{'':12}" + "".join(f"{grade:>20}" for grade in GRADES))
        for sort in ("true", "beside", "elsewhere", "guessed"):
            here = [each for each in outcomes if (each.world, each.claimed) == (world, sort)]
            counts = (sum(each.grade == grade for each in here) for grade in GRADES)
            print(f"{sort:12}" + "".join(f"{count:>20,}" for count in counts))
    print("\nclaims guessed from the clues, stated world: probability told, share true, cases")
    told = [each for each in outcomes if (each.world, each.claimed) == ("stated", "guessed")]
    for low in np.arange(0, 1, 0.1):
        part = [each for each in told if low <= each.p < low + 0.1 or (low > 0.85 and each.p == 1)]
        if part:
            p, true = np.mean([each.p for each in part]), np.mean([each.right for each in part])
            print(f"{low:.1f} to {low + 0.1:.1f}   {p:.3f}   {true:.3f}   {len(part):,}")


def draw(outcomes: list[Outcome], path: Path) -> None:
    """Draw how often the truth lies within each level, and claims are true at each probability."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.8), layout="constrained")
    areas, claims = figure.subplots(1, 2)
    steps = np.linspace(0, 1, 101)
    for world, dashes in zip(WORLDS, ("-", "--", ":"), strict=True):
        levels = np.array([each.level for each in outcomes if each.world == world])
        areas.plot(
            steps, [(levels <= step).mean() for step in steps], dashes, color="black", label=world
        )
    areas.set(title="Areas", xlabel="probability that the area states", ylabel="raids inside it")
    told = [each for each in outcomes if (each.world, each.claimed) == ("stated", "guessed")]
    p, right = (np.array([getattr(each, name) for each in told]) for name in ("p", "right"))
    bins = np.minimum((p * 10).astype(int), 9)
    for number in np.unique(bins):
        here = right[bins == number]
        spread = 1.96 * math.sqrt(
            max(here.mean() * (1 - here.mean()), 0.25 / here.size) / here.size
        )
        claims.errorbar(p[bins == number].mean(), here.mean(), spread, fmt="ko", capsize=2)
    claims.set(
        title="Claims", xlabel="probability that the verdict states", ylabel="claims that are true"
    )
    for axes in (areas, claims):
        axes.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, zorder=0)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    areas.legend(frameon=False, loc="upper left")
    figure.suptitle(
        f"{len(outcomes):,} simulated raids; real clues are not simulated ones", fontsize=9
    )
    figure.savefig(path, dpi=150, metadata={"Software": None})


def _row(name: str, outcomes: list[Outcome]) -> None:
    if outcomes:
        found = score(outcomes)
        values = (getattr(found, field.name) for field in fields(Score))
        print(
            f"{name:34}"
            + "".join(f"{v:>11,}" if isinstance(v, int) else f"{v:>11.4f}" for v in values)
        )


if __name__ == "__main__":
    main()
