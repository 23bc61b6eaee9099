"""Take the pictures of maps/README.md from the pages that `make demo` wrote.

Run by `make pictures`; needs Chromium. The pages make no request, so the pictures show what a
reader sees offline. Nothing in `cases/` has clues of many kinds, so that picture is of an invented
incident, and says so.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import shapely
from PIL import Image
from playwright.sync_api import Page, sync_playwright

import geoloc
from geoloc import clues, maps

HERE = Path(__file__).parent
COLOURS = 64  # of a picture: enough for maps, and a third of the bytes
MOST_BYTES = 120_000


class Shot(NamedTuple):
    """A picture: of which page, how large, and what a reader did before."""

    page: str  # of maps/, without .html
    size: tuple[int, int] = (1280, 800)
    act: Callable[[Page], object] | None = None


def compare(page: Page) -> None:
    """Show the divider."""
    page.locator(".of-swipe").press("Enter")


def print_out(page: Page) -> None:
    """Show the page as on paper."""
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")


def narrow(page: Page) -> None:
    """Leave only the incidents from November 2022 on."""
    for _ in range(2):
        page.locator("#time input.from").press("ArrowRight")


SHOTS = {
    "2023-05-08-bagrami-pd22": Shot("2023-05-08-bagrami-pd22"),
    "2022-11-12-khairkhana-pd15": Shot("2022-11-12-khairkhana-pd15"),
    "2023-05-08-shakardara": Shot("2023-05-08-shakardara"),
    "overview": Shot("overview"),
    "police-districts": Shot("police-districts"),
    "index": Shot("index"),
    "clues": Shot("clues"),
    "swipe": Shot("2023-05-08-bagrami-pd22", act=compare),
    "days": Shot("overview", act=narrow),
    "dari": Shot(
        "2023-05-08-bagrami-pd22", act=lambda page: page.locator("select").select_option("fa-AF")
    ),
    "dark-phone": Shot(
        "2023-05-08-bagrami-pd22", (390, 800), lambda page: page.emulate_media(color_scheme="dark")
    ),
    "print": Shot("2023-05-08-bagrami-pd22", (794, 1123), print_out),
}


def invented() -> geoloc.Finding:
    """Return an incident that nobody reported, with clues of most kinds, one of them wrong."""
    tower = clues.Landmark("the water tower", 69.2290, 34.5080, sigma_m=300)
    station = clues.Landmark("the north bus station", 69.165, 34.590, sigma_m=100)
    sketch = shapely.Polygon([(69.196, 34.486), (69.235, 34.484), (69.240, 34.503), (69.2, 34.508)])
    area = geoloc.likely_area(
        [
            clues.Bearing(tower, 42, "photo", sigma_deg=15),
            clues.Near(tower, "video", distance_m=2000, sigma_m=1200),
            clues.Drawn(sketch, "witness", confidence=0.3, edge_sigma_m=300, name="the sketch"),
            clues.Searched(shapely.box(69.2165, 34.486, 69.24, 34.506), 0.8, "satellite imagery"),
            clues.Near(station, "anonymous call", at_most_m=1000, reliability=0.3),
        ],
        geoloc.uniform_prior(shapely.box(69.05, 34.42, 69.35, 34.65)),
    )
    claims = [
        {"claimant": f"Account {name}", "place": f"PD{number}", "codes": [f"AF-KBL-PD{number}"],
         "says": "A raid."}
        for name, number in (("A", 8), ("B", 15))
    ]  # fmt: skip
    incident = geoloc.Incident.model_validate(
        {
            "id": "2026-01-01-invented",
            "title": "Invented: nothing here happened",
            "date": "2026-01-01",
            "summary": "To show how clues are drawn.",
            "claims": claims,
            "geolocation": {"status": "not-stated", "reason": "Everything here is invented."},
        }
    )
    places = tuple(geoloc.Place(claim["place"], tuple(claim["codes"])) for claim in claims)
    verdicts = tuple(geoloc.verify(place, area) for place in places)
    return geoloc.Finding(incident, places, area, verdicts)


def main() -> None:
    """Write one PNG per picture beside the pages, each of at most 120 kB."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        scratch = Path(folder) / "clues.html"
        scratch.write_text(maps.seal(maps.finding_map(invented())), encoding="utf-8")
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, (shown, (width, height), act) in SHOTS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto((scratch if shown == "clues" else HERE / f"{shown}.html").as_uri())
            page.wait_for_timeout(500)
            if act:
                act(page)
            page.wait_for_timeout(500)
            write(HERE / f"{name}.png", page.screenshot())
            page.close()
        browser.close()


def write(path: Path, taken: bytes) -> None:
    """Write a picture with few colours, and say how large it became."""
    with Image.open(io.BytesIO(taken)) as picture:
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(HERE.parent)}  {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} is larger than {MOST_BYTES / 1000:.0f} kB.")


if __name__ == "__main__":
    main()
