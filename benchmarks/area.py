"""Six clues on 4000 by 4000 cells, from rasters to three polygon sets, against plain numpy.

Run `python benchmarks/area.py --rounds 3`. The peer is what one would write without geoloc:
exponentials and logarithms of whole arrays, `numpy.sort`, and `rasterio.features.shapes` of each
mask. Both start from the same six log-likelihood rasters and end with polygons in UTM 42N or WGS 84
(geoloc's are projected, the peer's are not). Each runs in a process of its own; peak memory is the
process's, less what importing and the rasters take.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

SIDE = 4000
MASSES = (0.5, 0.8, 0.95)
TRUST = 0.9


@dataclass(frozen=True, slots=True)
class Ring:
    """A distance from a landmark, as a raster that is already there."""

    logs: NDArray[np.float32]
    origin: str
    reliability: float = TRUST
    asserts: tuple[str, ...] = ()
    says: str = "at a distance from a landmark"

    def log_likelihood(self, grid: object) -> NDArray[np.float32]:  # noqa: ARG002 - the protocol
        """Return the raster."""
        return self.logs


def rasters() -> list[NDArray[np.float32]]:
    """Return six Gaussian rings around landmarks."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    logs = []
    for _ in range(6):
        (east, north), far, sigma = rng.uniform(1200, 2800, 2), *rng.uniform((100, 150), (600, 400))
        ring = -((np.hypot(x - east, y - north) - far) ** 2) / (2 * sigma**2)
        logs.append(ring.astype(np.float32))
    return logs


def by_geoloc(logs: list[NDArray[np.float32]]) -> list[float]:
    """Return the area of each region in cells."""
    from geoloc.area import Prior, likely_area
    from geoloc.geo import Grid

    prior = Prior(Grid(480_000, 3_840_000, 10.0, SIDE, SIDE), _flat(), "flat")
    clues = [Ring(log, str(number)) for number, log in enumerate(logs)]
    found = likely_area(clues, prior, MASSES)
    return [region.area_km2 / prior.grid.cell_km2 for region in found.regions]


def by_numpy(logs: list[NDArray[np.float32]]) -> list[float]:
    """Return the same, the plain way."""
    from rasterio.features import shapes
    from rasterio.transform import Affine

    prior = _flat()
    total = np.log(prior)
    for log in logs:
        likelihood = np.exp(log.astype(np.float64) - log.max())
        likelihood /= (likelihood * prior).sum()
        total += np.log(TRUST * likelihood + 1 - TRUST)
    surface = np.exp(total - total.max())
    surface /= surface.sum()
    densest = np.sort(surface, axis=None)[::-1]
    held = np.cumsum(densest)
    areas = []
    for mass in MASSES:
        cells = surface >= densest[np.searchsorted(held, mass)]
        found = shapes(cells.astype("uint8"), mask=cells, transform=Affine(10, 0, 0, 0, -10, 0))
        region = shapely.union_all([shapely.geometry.shape(part) for part, _ in found])
        areas.append(region.area / 100)
    return areas


def _flat() -> NDArray[np.float64]:
    return np.full((SIDE, SIDE), 1 / SIDE**2)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _one(name: str) -> None:
    """Run one of the two in this process, and print seconds, peak bytes and areas."""
    logs = rasters()
    import rasterio.features  # noqa: F401 - imported beforehand, as geoloc's own modules are

    import geoloc.area  # noqa: F401

    before = _peak_bytes()
    start = time.perf_counter()
    areas = (by_geoloc if name == "geoloc" else by_numpy)(logs)
    seconds = time.perf_counter() - start
    print(seconds, before, _peak_bytes(), *areas)


def main() -> None:
    """Print the times, the ratio and the peaks."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--one", choices=["geoloc", "numpy"], help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        _one(asked.one)
        return
    runs: dict[str, list[list[float]]] = {"geoloc": [], "numpy": []}
    for _ in range(asked.rounds):
        for name, each in runs.items():
            command = [sys.executable, __file__, "--one", name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            each.append([float(word) for word in done.stdout.split()])
    for name, each in runs.items():
        seconds, before, peak, *cells = np.median(np.array(each), axis=0)
        print(
            f"{name:8} {seconds:6.2f} s   peak {peak / 1e9:.2f} GB ({before / 1e9:.2f} before)"
            f"   cells {', '.join(f'{count:,.0f}' for count in cells)}"
        )
    ratios = [n[0] / g[0] for g, n in zip(runs["geoloc"], runs["numpy"], strict=True)]
    print(f"numpy / geoloc: {', '.join(f'{ratio:.1f}' for ratio in ratios)}")


if __name__ == "__main__":
    main()
