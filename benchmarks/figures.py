"""The figure of the 22 police districts against geopandas' plot of the same, in one run.

Run `python benchmarks/figures.py`. Both draw, on A4 at the same dots an inch, two maps of one
edition: core, likely part and hatched extent of every district with its outline, the district
lines, every labelled locality by kind, numbers, names, a key and the credit; and save a PNG. The
peer is written as geopandas' users write it: `GeoDataFrame.plot` for each layer, matplotlib's
`annotate` and `legend`, then `savefig`. Reading the files is timed for neither. Printed: the
medians of alternating rounds.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import pandas as pd
import shapely

from geoloc import boundaries, figures
from geoloc.figures.layer import _KINDS, _LOWER, _UPPER, _Drawing
from geoloc.figures.paper import DPI

mpl.use("Agg")
import matplotlib.pyplot as plt


class Tables:
    """What the figure shows, as GeoDataFrames in UTM 42N."""

    def __init__(self) -> None:
        layer = boundaries.load_layer("police-districts")
        drawing = _Drawing(layer)
        self.zones = {
            part: gpd.GeoDataFrame(
                {"name": [layer[code].name for code in drawing.zones]},
                geometry=[getattr(zones, part) for zones in drawing.zones.values()],
                crs="EPSG:32642",
            )
            for part in ("core", "likely", "extent")
        }
        shapes = [shape for _, shape in drawing.districts.values()]
        names = [name for name, _ in drawing.districts.values()]
        self.districts = gpd.GeoDataFrame({"name": names}, geometry=shapes, crs="EPSG:32642")
        at = [shapely.Point(said.lon or 0, said.lat or 0) for said in drawing.placed]
        kinds = [drawing.kinds[said.id] for said in drawing.placed]
        points = gpd.GeoDataFrame({"kind": kinds}, geometry=at, crs="EPSG:4326")
        self.points = points.to_crs("EPSG:32642")
        pairs = [pair for code in drawing.zones for pair in list(drawing._named(code))[:3]]
        self.names = pd.DataFrame(
            {"name": [name for name, _ in pairs], "x": [at[0] for _, at in pairs],
             "y": [at[1] for _, at in pairs]}
        )  # fmt: skip


def peer(tables: Tables) -> bytes:
    """Draw the two maps with geopandas and matplotlib, as their users do."""
    figure, maps = plt.subplots(2, 1, figsize=(210 / 25.4, 297 / 25.4), dpi=DPI)
    for axes, plan in zip(maps, (_UPPER, _LOWER), strict=True):
        tables.zones["extent"].plot(ax=axes, facecolor="none", edgecolor="#8296a8", hatch="////",
                                    linewidth=0)  # fmt: skip
        tables.zones["likely"].plot(
            ax=axes, facecolor="#e3edf6", edgecolor="#2a5783", linewidth=0.7
        )
        tables.zones["core"].plot(ax=axes, facecolor="#9fbfdd", edgecolor="none")
        tables.districts.boundary.plot(ax=axes, color="#7c4a16", linewidth=0.6, linestyle="-.")
        for name, kind in _KINDS.items():
            rows = tables.points[tables.points["kind"] == name]
            if len(rows):
                rows.plot(ax=axes, color=kind.edge, marker=kind.marker, markersize=kind.size**2,
                          label=kind.words)  # fmt: skip
        _frame(axes, plan)
        for table, size in ((tables.zones["likely"], 9), (tables.districts, 6)):
            for row in table.itertuples():
                if row.geometry.is_empty:
                    continue
                middle = row.geometry.representative_point()
                axes.annotate(row.name, (middle.x, middle.y), fontsize=size, ha="center",
                              annotation_clip=True)  # fmt: skip
        for row in tables.names.itertuples():
            axes.annotate(row.name, (row.x, row.y), fontsize=6, annotation_clip=True)
        axes.legend(fontsize=6)
    edition = boundaries.load_layer("police-districts").edition
    figure.suptitle(edition.title)
    figure.text(0.05, 0.02, f"{edition.attribution}; {edition.licence}", fontsize=6)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=DPI)
    plt.close(figure)
    return out.getvalue()


def _frame(axes: Any, plan: Any) -> None:
    from geoloc import geo

    lon, lat = plan.middle
    x, y = (float(each) for each in geo.to_metres(lon, lat))
    half = [size * plan.scale / 2000 for size in plan.size_mm]
    axes.set(xlim=(x - half[0], x + half[0]), ylim=(y - half[1], y + half[1]), aspect="equal")


def ours() -> bytes:
    """Draw the annex."""
    return figures.picture(figures.layer_figure(), ".png")


def _timed(draw: Callable[[], bytes]) -> float:
    start = time.perf_counter()
    draw()
    return time.perf_counter() - start


def main() -> None:
    """Time both in turn and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    tables = Tables()
    peer(tables), ours()  # fonts and files are read once
    times = [(_timed(ours), _timed(lambda: peer(tables))) for _ in range(rounds)]
    mine, theirs = (median(column) for column in zip(*times, strict=True))
    ratios = sorted(other / own for own, other in times)
    print(f"geoloc {mine:.2f} s, geopandas plot and savefig {theirs:.2f} s, at {DPI} dpi")
    print(f"{theirs / mine:.2f} times as fast (rounds {ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
