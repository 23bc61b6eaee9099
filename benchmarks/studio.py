"""How long the page waits for a verdict while a polygon moves: every shipped case, 200 moves each.

Beside the polygon that moves, each case has what its file has and, in the second half of the
table, three drawings more: a bearing, a distance and a road, so that there are four strands at
least. The polygon crosses the line of the claimed place and back.

    python benchmarks/studio.py --moves 200
"""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

import numpy as np
import shapely

from geoloc import boundaries, casebook
from geoloc.studio.live import Live

_STEPS = 36  # corners of the polygon that moves


def main() -> None:
    """Print a row per case and number of drawings: by the clock, and by the processor alone."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--moves", type=int, default=200)
    moves = arguments.parse_args().moves
    columns = ("median", "p95", "slowest", "processor p95")
    print(f"{'case':26s} drawings {' '.join(f'{name:>13s}' for name in columns)}  (ms)")
    every: list[tuple[float, float]] = []
    for path in casebook.case_files(casebook.default_folder()):
        incident = casebook.read_case(path)
        for others in ([], fixed(incident)):
            live = Live(incident)
            took = [_timed(live, [moved(incident, at / moves), *others]) for at in range(moves)]
            _print(incident.id, str(1 + len(others)), took[5:])  # the first calls load boundaries
            every += took[5:]
    _print("all", "", every)


def _print(name: str, drawings: str, took: list[tuple[float, float]]) -> None:
    clock, processor = np.array(took).T
    figures = (*np.percentile(clock, [50, 95]), clock.max(), np.percentile(processor, 95))
    print(f"{name:26s} {drawings:>8s} {' '.join(f'{figure:13.1f}' for figure in figures)}")


def _timed(live: Live, drawings: list[dict[str, Any]]) -> tuple[float, float]:
    """Return milliseconds of the clock and of the processor."""
    begun = time.perf_counter(), time.process_time()
    answer = live.judge(drawings)
    took = 1000 * (time.perf_counter() - begun[0]), 1000 * (time.process_time() - begun[1])
    assert answer["area"], answer["problems"]  # noqa: S101 - else nothing was measured
    return took


def moved(incident: casebook.Incident, share: float) -> dict[str, Any]:
    """Return the polygon at a share of its way: across the claimed unit's line and back."""
    unit = boundaries.unit(_claimed(incident)).geometry
    start, end = unit.centroid, shapely.Point(unit.bounds[2] + 0.02, unit.centroid.y)
    way = abs(2 * share - 1)
    lon, lat = end.x + (start.x - end.x) * way, start.y
    turns = np.linspace(0, 2 * math.pi, _STEPS, endpoint=False)
    ring = [[lon + 0.02 * math.cos(turn), lat + 0.015 * math.sin(turn)] for turn in turns]
    return {
        "name": "the area drawn",
        "means": "area",
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "origin": "photo 1",
    }


def fixed(incident: casebook.Incident) -> list[dict[str, Any]]:
    """Return three drawings that stay where they are."""
    at = boundaries.unit(_claimed(incident)).geometry.centroid
    lon, lat = round(at.x, 4), round(at.y, 4)
    hill = {"type": "Point", "coordinates": [lon + 0.03, lat + 0.04]}
    road = [[lon - 0.05, lat - 0.01], [lon, lat], [lon + 0.06, lat + 0.02]]
    return [
        {"name": "hill", "means": "bearing", "geometry": hill, "origin": "video 2"}
        | {"azimuth_deg": 40.0},
        {"name": "mast", "means": "near", "geometry": {"type": "Point", "coordinates": [lon, lat]}}
        | {"origin": "call 3", "distance_m": 1500.0},
        {"name": "road", "means": "along", "geometry": {"type": "LineString", "coordinates": road}}
        | {"origin": "video 4"},
    ]


def _claimed(incident: casebook.Incident) -> str:
    return next(code for claim in incident.claims for code in reversed(claim.codes))


if __name__ == "__main__":
    main()
