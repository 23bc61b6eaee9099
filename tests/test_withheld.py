"""No output shows coordinates that stand among a case's words, unless asked for."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from geoloc import casebook, exchange, figures, geo, maps, report
from geoloc.casebook import Finding, Incident, coarse

LAT, LON = "34.493771", "69.274318"
SPOT = f"{LAT}, {LON}"


def spotted() -> dict[str, Any]:
    """Return a case with the spot in every field of words."""
    return {
        "id": "2023-05-08-spotted",
        "title": f"Raid at {SPOT}",
        "date": "2023-05-08",
        "summary": f"It was at {SPOT}.",
        "claims": [
            {
                "claimant": f"Somebody ({SPOT})",
                "place": f"Bagrami district ({SPOT})",
                "codes": ["AF0104"],
                "says": f"At {SPOT} two men were killed.",
                "source": "s",
            }
        ],
        "evidence": [
            {
                "finding": f"A house at {SPOT}",
                "by": f"Witness of {SPOT}",
                "status": "likely",
                "origin": f"photo of {SPOT}",
                "within": ["AF0104"],
            }
        ],
        "geolocation": {"status": "approximate", "reason": f"At {SPOT}."},
        "sources": [
            {
                "id": "s",
                "title": f"Tweet on {SPOT}",
                "publisher": f"{SPOT}",
                "url": f"https://www.google.com/maps/@{LAT},{LON},15z",
                "note": f"It says {SPOT}.",
            }
        ],
        "notes": [f"Seen from {SPOT}."],
    }


@pytest.fixture(scope="module")
def finding() -> Finding:
    """Return the investigated case."""
    return casebook.investigate(Incident.model_validate(spotted()))


def told(finding: Finding, tmp_path: Path, *, exact: bool) -> dict[str, str]:
    """Return the words of every output that has some."""
    page = maps.seal(maps.finding_map(finding, exact=exact))
    book = maps.seal(maps.casebook_map([finding], exact=exact))
    document = report.document([finding], exact=exact)
    found = {
        "map": page,
        "casebook": book,
        ".html": report.as_html(document).decode(),
        ".docx": _unzipped(report.SUFFIXES[".docx"](document)),
        "index": "" if exact else maps.index_page([finding]),
    }
    for kind in ("area", "claimed", "ledger"):
        drawn = figures.finding_figure(finding, kind=kind, exact=exact)
        found[kind] = figures.picture(drawn, ".svg").decode()
    for suffix in (".geojson", ".kml", ".csv", ".gpx", ".dwc.csv"):
        path = tmp_path / f"{exact}{suffix}"
        exchange.export([finding], path, exact=exact)
        found[suffix] = path.read_text(encoding="utf-8")
    return found


def _unzipped(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        names = [name for name in packed.namelist() if name.endswith(".xml")]
        return "".join(packed.read(name).decode() for name in names)


def test_no_output_shows_a_coordinate_that_stands_among_words(
    finding: Finding, tmp_path: Path
) -> None:
    """Of the spot that every field names, nothing is left; the report tells that it is withheld."""
    found = told(finding, tmp_path, exact=False)
    shown = {name for name, text in found.items() if LAT in text or LON in text}
    assert shown == set()
    assert geo.WITHHELD in found[".html"]
    assert "Bagrami district" in found[".html"], "the words around it stay"


def test_all_of_it_is_shown_when_asked_for(finding: Finding, tmp_path: Path) -> None:
    """With `exact` the words stand as they were written."""
    found = told(finding, tmp_path, exact=True)
    assert {"map", "casebook", ".html", ".docx"} <= {n for n, text in found.items() if LAT in text}


def test_what_is_withheld_changes_no_judgement(finding: Finding) -> None:
    """The verdict is that of the words as they were written."""
    shown = coarse.published(finding)
    assert shown.verdicts[0] is not None
    assert finding.verdicts[0] is not None
    assert shown.verdicts[0].probability == finding.verdicts[0].probability
    assert coarse.coordinates_told(shown) == ()
    assert len(coarse.coordinates_told(finding)) >= 11


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"at {SPOT}.", "at […], […]."),
        ("۳۴٫۴۹۳۷۷، ۶۹٫۲۷۴۳۱ بود", "[…]، […] بود"),
        ("42S WD 25183 16943 there", "[…] there"),
        ("34°29'37.7\"N 69°16'27.5\"E", "[…][…]"),
        ("8GXF+FPC or F7VF+GP Kabul", "[…] or […] Kabul"),
        ("N 34 30.074 E 69 13.407", "[…] […]"),
        ("at ///filled.count.soap now", "at […] now"),
        ("34.4\u200b9377", "[…]"),  # hidden from a plain look: all of it goes
        ("no place, 35,000 people", "no place, 35,000 people"),
    ],
)
def test_coordinates_give_way_and_words_stay(text: str, left: str) -> None:
    """A coordinate goes whole, in any notation, and what cannot be cut out goes with its words."""
    assert geo.without_positions(text) == left
    assert not geo.tells_position(left)
    assert not re.search(r"\d\.\d{3}", left)


def test_a_pinned_place_is_not_told_by_lengths_in_words() -> None:
    """Where an area is below 1 km², no words give a length below 1 km; elsewhere they stay."""
    case = spotted()
    case["notes"] = ["120 m from the mosque, 0.8 km or 300 metres on, 5 km from PD8", "۱۲۰ متر"]
    wide = casebook.investigate(Incident.model_validate(case))
    assert coarse.published(wide).incident.notes == tuple(case["notes"])
    case["geolocation"]["status"] = "exact"
    pinned = casebook.investigate(Incident.model_validate(case))
    assert coarse.pins(pinned)
    assert coarse.published(pinned).incident.notes == (
        "[< 1 km] from the mosque, [< 1 km] or [< 1 km] on, 5 km from PD8",
        "[< 1 km]",
    )


def test_a_photo_named_by_its_place_is_named_so_to_nobody() -> None:
    """The report shows `[…]`, and the command asks to rename the file."""
    case = spotted()
    case["photos"] = [{"file": f"photos/{LAT}_{LON}.jpg", "sha256": "0" * 64, "origin": "photo"}]
    found = casebook.investigate(Incident.model_validate(case))
    assert "photos[0].file" in coarse.coordinates_told(found)
    assert LAT not in report.as_html(report.document([found])).decode()
    assert LAT in report.as_html(report.document([found], exact=True)).decode()
