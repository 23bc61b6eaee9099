"""Our maps against folium's of the same data, in one run.

Run `python benchmarks/maps.py`. Needs Chromium. The data: every district of Afghanistan (about
180,000 vertices), and 5,000 invented incidents with what a popup says of each. Printed for each:
time to build the page (the least of several, ours with sealing), its size, time to first drawing
in Chromium, and how long frames last while the map is dragged. folium's pages are blank offline, so
in the browser they are sealed ones.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import folium
import geopandas as gpd
import shapely

from geoloc import boundaries, maps

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Timed = tuple[float, folium.Map, str]

# Notes the time of the second frame after everything has loaded: by then it is drawn.
FIRST = """
addEventListener('load', () => requestAnimationFrame(() => requestAnimationFrame(() => {
  window.__first = performance.now();
})));
"""
FRAMES = """
window.__frames = []; window.__last = performance.now();
window.__each = (now) => {
  window.__frames.push(now - window.__last); window.__last = now;
  requestAnimationFrame(window.__each);
};
requestAnimationFrame(window.__each);
"""


def districts() -> gpd.GeoDataFrame:
    """Return every district with its names."""
    units = list(boundaries.load_layer("districts").values())
    names = {"name": [unit.name for unit in units], "name_fa": [unit.name_fa for unit in units]}
    return gpd.GeoDataFrame(names, geometry=[unit.geometry for unit in units], crs="EPSG:4326")


def incidents(count: int) -> gpd.GeoDataFrame:
    """Return invented incidents around Kabul."""
    pick = random.Random(1)  # noqa: S311 - made the same in every run, and no secret
    at = [shapely.Point(pick.uniform(68.9, 69.5), pick.uniform(34.3, 34.8)) for _ in range(count)]
    said = {
        "name": [f"Incident {number}" for number in range(count)],
        "date": [f"2023-{pick.randint(1, 12):02}-{pick.randint(1, 28):02}" for _ in range(count)],
        "summary": ["A night raid on a house was claimed; nobody could show where."] * count,
    }
    return gpd.GeoDataFrame(said, geometry=at, crs="EPSG:4326")


def folium_districts(table: gpd.GeoDataFrame) -> folium.Map:
    """Draw them as folium's users do."""
    made = folium.Map([33.9, 67.7], zoom_start=6, tiles=None)
    popup = folium.GeoJsonPopup(["name", "name_fa"])
    folium.GeoJson(table, name="Districts", popup=popup).add_to(made)
    return made


def folium_incidents(table: gpd.GeoDataFrame) -> folium.Map:
    """Draw a marker with a popup for each."""
    made = folium.Map([34.55, 69.2], zoom_start=11, tiles=None)
    for row in table.itertuples():
        words = f"<b>{row.name}</b><br>{row.date}<br>{row.summary}"
        folium.Marker([row.geometry.y, row.geometry.x], popup=words).add_to(made)
    return made


def timed(build: Callable[[], folium.Map], page: Callable[[folium.Map], str], runs: int) -> Timed:
    """Return the least time of several runs in seconds, the last map and its page."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        made = build()
        text = page(made)
        times.append(time.perf_counter() - start)
    return min(times), made, text


def first_drawing(browser: Browser, file: Path, runs: int) -> float:
    """Return the median time from opening a page to its first drawing, milliseconds."""
    times: list[float] = []
    for _ in range(runs):
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.add_init_script(FIRST)
        page.goto(file.as_uri())
        while (drawn := page.evaluate("window.__first")) is None:
            page.wait_for_timeout(20)
        times.append(drawn)
        page.close()
    return median(times)


def pan_frames(browser: Browser, file: Path) -> tuple[float, float]:
    """Return how long frames of a dragged map last: the median, and 95 of 100; milliseconds."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(file.as_uri())
    page.wait_for_timeout(1500)
    page.mouse.move(500, 450)
    page.mouse.down()
    page.evaluate(FRAMES)
    for step in range(60):
        page.mouse.move(500 + 4 * step, 450 + 2 * step)
    page.mouse.up()
    page.wait_for_timeout(600)  # the canvas is drawn anew where it had not reached
    frames = sorted(page.evaluate("window.__frames"))
    page.close()
    return median(frames), frames[int(0.95 * len(frames))]


def compare(
    name: str,
    browser: Browser,
    ours: Callable[[], folium.Map],
    theirs: Callable[[], folium.Map],
    runs: int,
) -> None:
    """Print one comparison."""
    built, _, page = timed(ours, maps.seal, runs)
    their_built, their_map, plain = timed(
        theirs, lambda made: made.get_root().render(), min(runs, 2)
    )
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, "ours.html"), Path(folder, "folium.html")]
        sealed = maps.seal(their_map)
        for file, text in zip(files, (page, sealed), strict=True):
            file.write_text(text, encoding="utf-8")
        drawn = [first_drawing(browser, file, runs) for file in files]
        frames = [pan_frames(browser, file) for file in files]
    sizes = [len(text.encode()) for text in (page, plain, sealed)]
    print(f"\n{name}")
    print(
        f"  build       {built:8.2f} s   folium {their_built:8.2f} s   {their_built / built:5.1f}x"
    )
    print(
        f"  size        {sizes[0] / 1e3:8.0f} kB  folium {sizes[1] / 1e3:8.0f} kB  "
        f"{sizes[1] / sizes[0]:5.1f}x  (sealed {sizes[2] / 1e3:.0f} kB, {sizes[2] / sizes[0]:.1f}x)"
    )
    print(
        f"  first view  {drawn[0]:8.0f} ms  folium {drawn[1]:8.0f} ms  {drawn[1] / drawn[0]:5.1f}x"
    )
    for which, label in enumerate(("median", "95th of 100")):
        ours_ms, theirs_ms = frames[0][which], frames[1][which]
        print(f"  pan frame   {ours_ms:8.0f} ms  folium {theirs_ms:8.0f} ms  ({label})")


def main() -> None:
    """Compare districts, then incidents."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--incidents", type=int, default=5000)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        parser.exit(2, "No chromium on PATH (apt-get install chromium).\n")
    from playwright.sync_api import sync_playwright

    units, raids = districts(), incidents(options.incidents)
    vertices = shapely.get_num_coordinates(units.geometry.to_numpy()).sum()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        compare(
            f"{len(units)} districts, {vertices:,} vertices",
            browser,
            lambda: maps.features_map(units, title="Districts"),
            lambda: folium_districts(units),
            options.runs,
        )
        compare(
            f"{len(raids):,} incidents",
            browser,
            lambda: maps.features_map(raids, title="Incidents"),
            lambda: folium_incidents(raids),
            options.runs,
        )
        browser.close()


if __name__ == "__main__":
    main()
