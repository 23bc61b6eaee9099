"""Labels, memberships and distances of many points, as ratios to named peers in the same run.

Run `python benchmarks/assign.py [--points 10000000] [--rounds 3]`; it needs the dependency group
`benchmark`. Every contender runs in a process of its own, one after another, the whole list
`--rounds` times, so that a busy moment of the machine falls on all alike; the least time of each
counts. Points are uniform over Kabul province's box, from one seed.

A contender's time begins with its library loaded and the coordinates in memory, for the peers also
the units' shapes, and ends with a unit number per point; whatever index it needs is built within.
For geoloc a second figure adds the loading of numba, whose compiled loops are on disk, and a third
says what the very first run after an installation costs. Labels of all are compared with shapely's,
and so are adversarial points: every corner, every edge's midpoint, and both one ulp aside in eight
directions. Peak memory is what the process needed beyond what it held when its time began.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

import geoloc
from geoloc import boundaries, geo

LAYER = "districts"
DISTANCES = 1_000_000
PEERS = ("shapely contains_xy", "geopandas sjoin", "sedonadb")


def uniform(count: int) -> tuple[Any, Any]:
    """Return points over the box of Kabul province."""
    west, south, east, north = boundaries.unit("AF01").geometry.bounds
    rng = np.random.default_rng(20221122)
    return rng.uniform(west, east, count), rng.uniform(south, north, count)


def adversarial() -> tuple[Any, Any]:
    """Return every corner, every edge's midpoint, and both one ulp aside in eight directions."""
    shapes = [unit.geometry for unit in boundaries.load_layer(LAYER).values()]
    rings = shapely.get_rings(shapes)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    same = np.diff(ring) == 0
    middles = ((corners[:-1] + corners[1:]) / 2)[same]
    exact = np.unique(np.vstack([corners, middles]), axis=0)
    moved = [exact]
    for dx in (-np.inf, 0.0, np.inf):
        for dy in (-np.inf, 0.0, np.inf):
            if dx or dy:
                aside = exact.copy()
                for axis, toward in enumerate((dx, dy)):
                    if toward:
                        aside[:, axis] = np.nextafter(aside[:, axis], toward)
                moved.append(aside)
    lon, lat = np.vstack(moved).T.copy()
    return lon, lat


def shapes() -> list[Any]:
    """Return the units' shapes in the order of their codes: a label is a place in this list."""
    layer = boundaries.load_layer(LAYER)
    return [layer[code].geometry for code in sorted(layer)]


def by_geoloc(lon: Any, lat: Any, _: list[Any]) -> Any:
    """Look up in geoloc's index."""
    return boundaries.units_at(lon, lat, LAYER).codes - np.int16(1)


def by_shapely(lon: Any, lat: Any, units: list[Any], predicate: Any = None) -> Any:
    """Ask each prepared unit about the points in its box; the first unit keeps a point."""
    ask = predicate or shapely.contains_xy
    found = np.full(len(lon), -1, np.int16)
    for number, unit in reversed(list(enumerate(units))):
        west, south, east, north = unit.bounds
        near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        if near.size:
            shapely.prepare(unit)
            found[near[ask(unit, lon[near], lat[near])]] = number
    return found


def by_geopandas(lon: Any, lat: Any, units: list[Any]) -> Any:
    """Join points within polygons."""
    import geopandas as gpd

    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs=geo.WGS84))
    table = gpd.GeoDataFrame({"number": range(len(units))}, geometry=units, crs=geo.WGS84)
    joined = gpd.sjoin(points, table, how="inner", predicate="within")
    found = np.full(len(lon), -1, np.int16)
    found[joined.index.to_numpy()] = joined["number"].to_numpy()
    return found


def by_sedonadb(lon: Any, lat: Any, units: list[Any]) -> Any:
    """Join in SQL, on all cores."""
    import geopandas as gpd
    import pyarrow as pa
    import sedonadb

    database = sedonadb.connect()
    table = gpd.GeoDataFrame({"number": range(len(units))}, geometry=units, crs=geo.WGS84)
    points = pa.table({"row": np.arange(len(lon)), "x": lon, "y": lat})
    database.create_data_frame(table).to_view("units")
    database.create_data_frame(points).to_view("points")
    joined = pa.table(
        database.sql(
            "SELECT p.row, u.number FROM"
            " (SELECT row, ST_SetSRID(ST_Point(x, y), 4326) AS at FROM points) p"
            " JOIN units u ON ST_Within(p.at, u.geometry)"
        )
    )
    found = np.full(len(lon), -1, np.int16)
    found[joined["row"].to_numpy()] = joined["number"].to_numpy()
    return found


LABELLERS: dict[str, Callable[[Any, Any, list[Any]], Any]] = {
    "geoloc": by_geoloc,
    "shapely contains_xy": by_shapely,
    "geopandas sjoin": by_geopandas,
    "sedonadb": by_sedonadb,
}


def label(name: str, count: int, out: str) -> dict[str, float]:
    """Time one contender, and write its labels."""
    lon, lat = uniform(count)
    units = shapes() if name != "geoloc" else []
    start = time.perf_counter()
    _load(name)
    loading = time.perf_counter() - start
    held = _memory_bytes()
    start = time.perf_counter()
    found = LABELLERS[name](lon, lat, units)
    seconds = time.perf_counter() - start
    peak = _memory_bytes(peak=True) - held
    np.save(out, found)
    return {
        "seconds": seconds,
        "loading": loading,
        "peak": peak / (lon.nbytes + lat.nbytes),
    }


def _load(name: str) -> None:
    """Load a contender's library; numba is loaded by projecting a point."""
    modules = {
        "geoloc": ("geoloc.boundaries.index",),
        "geopandas sjoin": ("geopandas",),
        "sedonadb": ("geopandas", "pyarrow", "sedonadb"),
    }
    importlib.import_module("pandas")
    for module in modules.get(name, ()):
        importlib.import_module(module)
    if name == "geoloc":
        from geoloc.boundaries.index import to_metres

        to_metres(np.array([69.0]), np.array([34.5]))


def _memory_bytes(*, peak: bool = False) -> int:
    """Return what the process holds now, or the most that it held since the last call without."""
    if not peak:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
    words = Path("/proc/self/status").read_text(encoding="ascii").split()
    return int(words[words.index("VmHWM:" if peak else "VmRSS:") + 1]) * 1024


def assign_all(_: str, count: int, __: str) -> dict[str, float]:
    """Time the whole answer: labels, memberships and distances."""
    lon, lat = uniform(count)
    geoloc.assign(lon[:30_000], lat[:30_000])  # builds the indexes, which stay
    held = _memory_bytes()
    start = time.perf_counter()
    geoloc.assign(lon, lat)
    seconds = time.perf_counter() - start
    peak = _memory_bytes(peak=True) - held
    return {"seconds": seconds, "peak": peak / (lon.nbytes + lat.nbytes)}


def adversarial_differences(_: str, __: int, ___: str) -> dict[str, float]:
    """Return how many adversarial points differ from shapely with the same rule for ties."""
    lon, lat = adversarial()
    ours = by_geoloc(lon, lat, [])
    theirs = by_shapely(lon, lat, shapes(), shapely.intersects_xy)
    return {"points": len(lon), "differ": float((ours != theirs).sum())}


def measure(_: str, __: int, ___: str) -> dict[str, float]:
    """Time distances to the nearest line in UTM 42N: warm index against shapely.distance."""
    from geoloc.boundaries.index import LineIndex

    east, north = geo.to_metres(*uniform(DISTANCES))
    lines = shapely.line_merge(
        shapely.union_all([geo.geometry_to_metres(unit.boundary) for unit in shapes()])
    )
    ends = [shapely.get_coordinates(part) for part in shapely.get_parts(lines)]
    segments = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in ends])
    start = time.perf_counter()
    index = LineIndex(segments, 200_000.0)
    index.nearest(east[:10], north[:10])
    build = time.perf_counter() - start
    start = time.perf_counter()
    ours, _numbers = index.nearest(east, north)
    seconds = time.perf_counter() - start

    # shapely takes minutes for all of them: it is timed on a sample, and compared on another way.
    sample = np.random.default_rng(1).choice(DISTANCES, 20_000, replace=False)
    points: Any = shapely.points(east[sample], north[sample])
    few = points[:500]
    start = time.perf_counter()
    plain = shapely.distance(lines, few)
    plain_s = (time.perf_counter() - start) / len(few) * DISTANCES
    shapely.prepare(lines)
    shapely.distance(lines, few)
    start = time.perf_counter()
    theirs = shapely.distance(lines, points)
    prepared_s = (time.perf_counter() - start) / len(points) * DISTANCES
    tree = shapely.STRtree(np.asarray(shapely.linestrings(segments)))
    everyone = shapely.points(east, north)
    start = time.perf_counter()
    asked, by_tree = tree.query_nearest(everyone, return_distance=True, all_matches=False)
    tree_s = time.perf_counter() - start
    off = max(
        float(np.abs(ours[asked[0]] - by_tree).max()),
        float(np.abs(ours[sample] - theirs).max()),
        float(np.abs(ours[sample[:500]] - plain).max()),
    )
    return {
        "index": build, "geoloc": seconds, "shapely.distance": plain_s,
        "shapely.distance prepared": prepared_s, "STRtree.query_nearest": tree_s, "off_m": off,
    }  # fmt: skip


TASKS: dict[str, Callable[[str, int, str], dict[str, float]]] = {
    "label": label,
    "assign": assign_all,
    "adversarial": adversarial_differences,
    "measure": measure,
}


def run(task: str, name: str, count: int, out: str, **environment: str) -> dict[str, float]:
    """Run one task in a process of its own."""
    command = [sys.executable, __file__, "--task", task, "--name", name, "--points", str(count)]
    done = subprocess.run(
        [*command, "--out", out],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print seconds, ratios, memory and differences."""
    parser = argparse.ArgumentParser(description="Benchmark of assign.")
    parser.add_argument("--points", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--name", default="")
    parser.add_argument("--out", default="")
    asked = parser.parse_args()
    if asked.task:
        print(json.dumps(TASKS[asked.task](asked.name, asked.points, asked.out)))
        return
    versions = ("numba", "shapely", "geopandas", "sedonadb", "numpy")
    print(
        f"Python {sys.version.split()[0]}, shapely on GEOS {shapely.geos_version_string},", end=" "
    )
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in versions))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    with tempfile.TemporaryDirectory() as folder:
        _print_labels(asked.points, asked.rounds, Path(folder))
    _print_rest(asked.points, asked.rounds)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


def _print_labels(count: int, rounds: int, folder: Path) -> None:
    cold = run("label", "geoloc", 30_000, str(folder / "x.npy"), NUMBA_CACHE_DIR=str(folder))
    run("label", "geoloc", 30_000, str(folder / "x.npy"))
    found: dict[str, list[dict[str, float]]] = {name: [] for name in LABELLERS}
    for _ in range(rounds):
        for name, results in found.items():
            results.append(run("label", name, count, str(folder / f"{name}.npy")))
    reference = np.load(folder / "shapely contains_xy.npy")
    best = min(each["seconds"] for name in PEERS for each in found[name])
    print(f"Labels of {count:,} points, {LAYER}, index included; least of {rounds} (most)")
    for name, results in found.items():
        least, most = (pick(each["seconds"] for each in results) for pick in (min, max))
        peak = max(each["peak"] for each in results)
        differ = int((np.load(folder / f"{name}.npy") != reference).sum())
        print(
            f"  {name:22} {least:8.2f} s ({most:.2f})  best peer / this {best / least:6.1f}"
            f"   peak {peak:5.2f} x coordinates   {differ} labels differ from shapely's"
        )
    least = min(each["seconds"] + each["loading"] for each in found["geoloc"])
    print(f"  geoloc, with loading numba: {least:.2f} s, best peer / this {best / least:.1f}")
    first = cold["seconds"] + cold["loading"]
    print(f"  geoloc with nothing compiled yet, 30,000 points: {first:.1f} s, once")


def _print_rest(count: int, rounds: int) -> None:
    hostile = run("adversarial", "", 0, "")
    print(
        f"\nAdversarial: {hostile['points']:,.0f} points, {hostile['differ']:.0f} labels differ"
        " from shapely's intersects_xy with the same rule for ties"
    )
    whole = [run("assign", "", count, "") for _ in range(rounds)]
    print(
        f"\ngeoloc.assign, all columns, {count:,} points:"
        f" {min(each['seconds'] for each in whole):.1f} s, peak"
        f" {max(each['peak'] for each in whole):.2f} x coordinates (the answer alone is 1.6)"
    )
    runs = [run("measure", "", 0, "") for _ in range(rounds)]
    least = {name: min(each[name] for each in runs) for name in runs[0]}
    print(f"\nDistances of {DISTANCES:,} points on UTM 42N, warm index; least of {rounds}")
    print("  (shapely.distance is timed on 500, and prepared on 20,000, of them and scaled up)")
    for name in (
        "geoloc",
        "shapely.distance",
        "shapely.distance prepared",
        "STRtree.query_nearest",
    ):
        print(f"  {name:26} {least[name]:9.2f} s   {least[name] / least['geoloc']:8.0f} x")
    print(f"  index built in {least['index']:.2f} s (compiled loops from disk)")
    print(f"  largest difference {max(each['off_m'] for each in runs):.1e} m")


if __name__ == "__main__":
    main()
