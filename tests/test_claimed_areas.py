"""A claim that names a neighbourhood is judged by the neighbourhood's area."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Geod

from geoloc import boundaries, casebook, geo
from geoloc.casebook import Incident, investigate
from geoloc.gazetteer import gazetteer


def incident(place: str, lon: float, lat: float, at_most_m: float) -> Incident:
    """Return a case with one claim, and a photo taken near one point."""
    landmark = {"name": "Minaret", "lon": lon, "lat": lat, "sigma_m": 50}
    seen: dict[str, Any] = {"kind": "near", "landmark": landmark, "at_most_m": at_most_m}
    return Incident.model_validate(
        {
            "id": "2024-01-01-a", "title": "T", "date": "2024-01-01", "summary": "S",
            "claims": [{"claimant": "X", "place": place, "says": "It was there."}],
            "evidence": [{"finding": "F", "by": "Y", "status": "likely", "origin": "photo",
                          "reliability": 0.98, "clues": [seen]}],
            "study": {"code": "AF0101"},
            "geolocation": {"status": "approximate", "reason": "R"},
        }
    )  # fmt: skip


def test_a_claim_in_a_neighbourhood_gets_a_verdict() -> None:
    """Seen in the middle of Khair Khana it agrees; seen ten kilometres away it does not."""
    middle = gazetteer().resolve("Khair Khana").area
    assert middle is not None
    there = middle.geometry.centroid
    (near,) = investigate(incident("Khair Khana area", there.x, there.y, 500)).verdicts
    (far,) = investigate(incident("Khair Khana area", there.x, there.y - 0.09, 500)).verdicts
    assert near is not None
    assert far is not None
    assert near.grade in ("consistent", "leans-consistent")
    assert far.grade in ("inconsistent", "leans-inconsistent")
    assert near.probability is not None
    assert far.probability is not None
    assert near.probability > 0.8 > 0.1 > far.probability
    for verdict in (near, far):
        assert "approximate" in verdict.reason
        assert middle.rule in verdict.reason
        assert verdict.editions == ()


def test_the_prior_is_the_areas_share_of_the_study_area() -> None:
    """Before any evidence a place is as likely as it is large: its area over the district's."""
    claimed = gazetteer().resolve("Dasht-e Barchi").area
    assert claimed is not None
    (verdict,) = investigate(incident("Dasht-e Barchi", 69.1, 34.5, 3000)).verdicts
    assert verdict is not None
    assert verdict.prior is not None
    district = shapely.area(geo.geometry_to_metres(boundaries.unit("AF0101").geometry))
    # Where the edge is sharp; its σ moves it little.
    sharp = shapely.area(geo.geometry_to_metres(claimed.geometry)) / district
    assert verdict.prior == pytest.approx(sharp, rel=0.15)


def test_a_margin_is_the_distance_to_the_edge() -> None:
    """600 m north of the northern end of a village's disc the margin is -600 m."""
    village = gazetteer().search("Butkhak")[0].place().area
    assert village is not None
    _, _, _, north = village.geometry.bounds
    lon = np.array([village.geometry.centroid.x])
    lat = np.array([village.geometry.centroid.y])
    assert village.margin_m(lon, lat)[0] > 0
    assert village.membership(lon, lat)[0] > 0.5
    beyond = Geod(ellps="WGS84").fwd(lon[0], north, 0, 600)
    margin_m = village.margin_m(np.array(beyond[:1]), np.array(beyond[1:2]))
    assert margin_m[0] == pytest.approx(-600, rel=0.02)


@pytest.mark.parametrize("place", ["Bagrami area", "Zzgrumpf", "near the airport", "Qalla E Noman"])
def test_words_that_are_not_sure_are_not_judged(place: str) -> None:
    """A likeness, an area named after a unit, or a place of no ground gets no verdict."""
    (verdict,) = investigate(incident(place, 69.2, 34.5, 500)).verdicts
    assert verdict is not None
    assert verdict.grade == "not-assessable"
    assert "no place with a known line" in verdict.reason


def test_scripts_are_told_the_rule() -> None:
    """The JSON of a finding says how the claimed area was come by."""
    told = casebook.as_json(investigate(incident("Khair Khana", 69.13, 34.57, 500)))
    (claim,) = told["claims"]
    assert claim["codes"] == []
    assert "labelled points" in claim["area"]
    assert told["verdicts"][0]["probability"] is not None
