"""How well and how fast a spelling that geoloc does not know finds its place.

Run `python benchmarks/names.py [--rounds N] [--seed S]`. In each round one spelling of each of 260
settlements is hidden from the index, all at once; each is then searched for. It is found if the
first candidate, or one of the first five, lies within 2.5 km of its place. A plain fold with a
fuzzy ratio is asked the same, of the same spellings. A second split hides every spelling of the
place that folds to the same letters, so that none is left that differs by marks alone.
"""

from __future__ import annotations

import argparse
import csv
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from geoloc import boundaries, geo
from geoloc.gazetteer import Gazetteer, fold
from geoloc.gazetteer.folding import sound

HIDDEN, NEAR_M = 260, 2500.0
LEAST_SPELLINGS = 3
Hidden = set[tuple[str, str]]  # id of the place, spelling
Finder = Callable[[str], list[tuple[float, float]]]


@dataclass(frozen=True)
class Score:
    """Shares of the hidden spellings that were found, and how long a search took."""

    first: float
    five: float
    median_ms: float
    slow_ms: float  # that 99 % of the searches stay below


def main() -> None:
    """Print a table of the splits, and the times of loading and of a sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for title, kin in (("one spelling hidden", False), ("all of its letters hidden", True)):
        rounds = [
            _round(random.Random(asked.seed + number), kin=kin)  # noqa: S311 - a split, no secret
            for number in range(asked.rounds)
        ]
        print(f"{title}, {asked.rounds} x {HIDDEN} settlements")
        for number, name in enumerate(("geoloc", "fold + ratio")):
            _print(name, [scores[number] for scores in rounds])
    _print_times()


def _print(name: str, scores: list[Score]) -> None:
    first, five = ([getattr(each, of) for each in scores] for of in ("first", "five"))
    print(
        f"  {name:14} first {statistics.mean(first):.1%} ({min(first):.1%} to {max(first):.1%})"
        f"   first five {statistics.mean(five):.1%} ({min(five):.1%} to {max(five):.1%})"
        f"   {statistics.median(each.median_ms for each in scores):.2f} ms,"
        f" 99 % below {statistics.median(each.slow_ms for each in scores):.1f} ms"
    )


def _settlements() -> dict[str, dict[str, str]]:
    lines = csv.DictReader(boundaries.shipped_table("places").splitlines())
    return {row["id"]: row for row in lines if row["id"].startswith("wof-")}


def _round(chance: random.Random, *, kin: bool) -> tuple[Score, Score]:
    """Score one split by geoloc and by the plain way."""
    places = _settlements()
    able = [i for i, row in places.items() if row["spellings"].count("|") + 1 >= LEAST_SPELLINGS]
    asked: list[tuple[str, str]] = []
    hidden: Hidden = set()
    for place in chance.sample(able, HIDDEN):
        spellings = places[place]["spellings"].split("|")
        chosen = chance.choice(spellings)
        same = [
            each for each in spellings if each == chosen or (kin and fold(each) == fold(chosen))
        ]
        if len(same) < len(spellings):
            asked.append((place, chosen))
            hidden |= {(place, each) for each in same}
    names = Gazetteer(without=hidden)
    names.search("Kabul")  # what is loaded at first use

    def ours(text: str) -> list[tuple[float, float]]:
        found = names.search(text)
        return [(c.lon, c.lat) for c in found if c.lon is not None and c.lat is not None]

    return _score(asked, places, ours), _score(asked, places, _plain(hidden))


def _plain(hidden: Hidden) -> Finder:
    """Return a search by folded letters and rapidfuzz's ratio alone, over the same places."""
    lines = csv.DictReader(boundaries.shipped_table("places").splitlines())
    spelt = [
        (fold(spelling), row)
        for row in lines
        for spelling in row["spellings"].split("|")
        if row["lon"] and (row["id"], spelling) not in hidden
    ]
    letters = [each for each, _ in spelt]

    def find(text: str) -> list[tuple[float, float]]:
        found: dict[str, tuple[float, float]] = {}
        for _, _, number in process.extract(fold(text), letters, scorer=fuzz.ratio, limit=60):
            row = spelt[number][1]
            found.setdefault(row["id"], (float(row["lon"]), float(row["lat"])))
        return list(found.values())[:5]

    return find


def _score(asked: list[tuple[str, str]], places: dict[str, dict[str, str]], find: Finder) -> Score:
    first = five = 0
    taken_ms = []
    for place, spelling in asked:
        start = time.perf_counter()
        found = find(spelling)
        taken_ms.append(1000 * (time.perf_counter() - start))
        right = float(places[place]["lon"]), float(places[place]["lat"])
        near = [geo.distance_m(*each, *right) <= NEAR_M for each in found]
        first += bool(near and near[0])
        five += any(near[:5])
    return Score(
        first / len(asked), five / len(asked), statistics.median(taken_ms),
        statistics.quantiles(taken_ms, n=100)[98],
    )  # fmt: skip


_LOADING = """
import time
from geoloc.gazetteer import gazetteer
start = time.perf_counter()
names = gazetteer()
loaded = time.perf_counter()
names.search("Dasht-e Barchi")
print(1000 * (loaded - start), 1000 * (time.perf_counter() - loaded))
"""


def _print_times() -> None:
    """Print how long loading takes in fresh processes, and a sheet of 10,000 names."""
    runs = [
        subprocess.run([sys.executable, "-c", _LOADING], capture_output=True, check=True, text=True)
        for _ in range(7)
    ]
    loading, first = zip(*(map(float, run.stdout.split()) for run in runs), strict=True)
    print(
        f"loading {statistics.median(loading):.0f} ms (least {min(loading):.0f}, most"
        f" {max(loading):.0f}); the first search {statistics.median(first):.1f} ms"
    )
    by_sound = defaultdict(list)
    for row in _settlements().values():
        for spelling in row["spellings"].split("|"):
            by_sound[sound(spelling)].append(spelling)
    sheet = [spelt[0] for spelt in by_sound.values()]
    sheet = (sheet * (10_000 // len(sheet) + 1))[:10_000]
    names = Gazetteer()
    start = time.perf_counter()
    for spelling in sheet:
        names.search(spelling)
    print(f"10,000 names, {len(set(sheet)):,} different: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
