"""What investigators draw becomes evidence by the same rules, and photos stay inside the folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from geoloc import casebook, maps
from geoloc.casebook import Drawing, Incident, Photo
from geoloc.errors import CaseError

PLACE = (69.2743, 34.4938)
SQUARE = [[[69.25, 34.47], [69.29, 34.47], [69.29, 34.51], [69.25, 34.51], [69.25, 34.47]]]
AREA = {
    "name": "the foot of the ridge",
    "means": "area",
    "origin": "photo 3",
    "geometry": {"type": "Polygon", "coordinates": SQUARE},
}
NEAR = {
    "name": "the water tower",
    "means": "near",
    "origin": "video 1",
    "distance_m": 800,
    "geometry": {"type": "Point", "coordinates": list(PLACE)},
}
BOW_TIE = [[69, 34], [70, 35], [70, 34], [69, 35], [69, 34]]
DIGEST = "ab" * 32


def incident(*drawings: dict[str, Any], status: str = "approximate", **fields: Any) -> Incident:
    """Return a case whose only evidence is what was drawn."""
    return Incident.model_validate(
        {
            "id": "2023-05-08-drawn",
            "title": "Drawn",
            "date": "2023-05-08",
            "summary": "A raid.",
            "claims": [{"claimant": "Al-Mersaad", "codes": ["AF-KBL-PD22"], "says": "a raid"}],
            "drawings": drawings,
            "geolocation": {"status": status, "reason": "drawn by hand"},
            **fields,
        }
    )


def test_an_area_that_was_drawn_holds_its_confidence() -> None:
    """With a confidence of 0.9, P(inside) is 0.9 and a little more; its claim gets a verdict."""
    finding = casebook.investigate(incident({**AREA, "confidence": 0.9}))

    assert finding.area is not None
    lon, lat = finding.area.mode
    assert 69.25 < lon < 69.29
    assert 34.47 < lat < 34.51
    held = finding.area.regions[1]
    assert held.geometry.within(finding.area.clues[0].polygon.buffer(0.004))  # type: ignore[attr-defined]
    assert finding.verdicts[0] is not None
    assert finding.verdicts[0].probability is not None


def test_a_distance_that_was_drawn_is_a_ring() -> None:
    """The densest cell lies 800 m from the landmark, by pyproj's own geodesic."""
    finding = casebook.investigate(incident(NEAR, study={"code": "AF0104", "cell_m": 50}))

    assert finding.area is not None
    from pyproj import Geod

    *_, metres = Geod(ellps="WGS84").inv(*PLACE, *finding.area.mode)
    assert metres == pytest.approx(800, abs=60)


def test_a_mark_says_nothing_about_the_place() -> None:
    """It needs no origin, and leaves the case without a likely area."""
    mark = {"name": "a shop", "means": "mark", "geometry": NEAR["geometry"]}
    found = incident(mark, status="not-possible")

    assert casebook.investigate(found).area is None


def test_a_drawing_after_a_claim_is_refused() -> None:
    """What was drawn after the claimant's words would be the claim itself."""
    with pytest.raises(ValidationError, match="a claim is never evidence for itself"):
        incident({**AREA, "origin": "Al-Mersaad's tweet"})


def test_two_drawings_of_one_photo_count_once() -> None:
    """Drawn twice, an area is no surer."""
    once = casebook.investigate(incident(AREA)).area
    twice = casebook.investigate(incident(AREA, {**AREA, "name": "again"})).area

    assert once is not None
    assert twice is not None
    assert len(twice.strands) == 1
    assert abs(once.surface - twice.surface).max() < 1e-9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"origin": None}, "needs an origin"),
        ({"means": "along"}, "along is drawn as LineString, got a Polygon"),
        ({"means": "searched"}, "detection_probability"),
        ({"confidence": 1.2}, "less than or equal to 1"),
        ({"geometry": {"type": "Polygon", "coordinates": [69.1, 34.5]}}, "do not make a Polygon"),
        ({"geometry": {"type": "Point", "coordinates": [69.1, 340.5]}}, "340.5"),
        ({"geometry": {"type": "Polygon", "coordinates": []}}, "do not make a Polygon"),
        (
            {"geometry": {"type": "Polygon", "coordinates": [BOW_TIE]}},
            "without crossing itself",
        ),
        (
            {"geometry": {"type": "Polygon", "coordinates": [[[69, 34], [70, 35], [69, 34]]]}},
            "Too few points",
        ),
        ({"geometry": {"type": "Point", "coordinates": [float("nan"), 34.5]}}, "finite"),
    ],
)  # fmt: skip
def test_a_drawing_that_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    """One line says what was wrong."""
    with pytest.raises((ValidationError, CaseError), match=words):
        Drawing.model_validate({**AREA, **change})


@pytest.mark.parametrize(
    "path", ["../a.jpg", "/etc/passwd", "C:\\a.jpg", "a/../../b", "a//b", ".."]
)
def test_a_photo_lies_inside_the_folder(path: str) -> None:
    """No case file reaches for another file of the machine."""
    with pytest.raises(ValidationError, match="inside the case's folder"):
        Photo.model_validate({"file": path, "sha256": DIGEST, "origin": "photo 3"})


def test_features_have_numbers_of_their_own() -> None:
    """A pair of photo and map is told by its number."""
    feature = {"number": 1, "x": 0.5, "y": 0.25}
    with pytest.raises(ValidationError, match="feature number 1 stands twice"):
        Photo.model_validate(
            {"file": "a.jpg", "sha256": DIGEST, "origin": "photo 3", "features": [feature] * 2}
        )


def test_no_map_tells_an_exact_place_of_a_photo_or_drawing() -> None:
    """A page without --exact has neither the features of photos nor a small drawing's corners."""
    photo = {
        "file": "photos/a.jpg", "sha256": DIGEST, "origin": "photo 3",
        "features": [{"number": 1, "x": 0.5, "y": 0.25, "lon": 69.271234, "lat": 34.491234}],
    }  # fmt: skip
    corners = [[69.2743217, 34.4938461], [69.2761, 34.4938], [69.2752, 34.4951]]
    house = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    yard = incident({**AREA, "geometry": house, "confidence": 0.99}, photos=[photo])
    page = maps.seal(maps.finding_map(casebook.investigate(yard)))

    assert "69.271234" not in page
    assert "photos/a.jpg" not in page
    assert "69.27432" not in page
    assert "34.49385" not in page


def test_a_case_file_with_drawings_is_read(tmp_path: Path) -> None:
    """YAML as an investigator would write it."""
    (tmp_path / "2023-05-08-drawn.yaml").write_text(
        """
id: 2023-05-08-drawn
title: Drawn
date: 2023-05-08
summary: A raid.
drawings:
  - name: the foot of the ridge
    means: area
    origin: photo 3
    geometry:
      type: Polygon
      coordinates: [[[69.25, 34.47], [69.29, 34.47], [69.29, 34.51], [69.25, 34.47]]]
    rationale: roof lines match
    drawn_on: 2023-05-09
geolocation: {status: approximate, reason: drawn}
""",
        encoding="utf-8",
    )
    read = casebook.read_case(tmp_path / "2023-05-08-drawn.yaml")

    assert read.drawings[0].rationale == "roof lines match"
    assert casebook.investigate(read).area is not None
