"""What else a case file says of where: study area, another case's place, words of many senses."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from test_case_clues import FINDING, HEAD, HILL, SQUARE, case_of

from geoloc import CaseError, Finding, Place, casebook, investigate, likely_area, read_case, verify
from geoloc.area import same_as, uniform_prior
from geoloc.clues import RELIABILITY, Bearing, Drawn, Landmark, Within

AROUND = "[[69.19, 34.49], [69.21, 34.49], [69.21, 34.51], [69.19, 34.51]]"
NEAR = f"{{kind: near, landmark: {HILL}, at_most_m: 6000}}"
DRAWN = f"{{kind: drawn, polygon: {SQUARE}, confidence: 0.9}}"


def with_study(folder: Path, study: str) -> Path:
    """Write a case with one clue, looked for where `study` says."""
    path = case_of(folder, NEAR)
    path.write_text(f"study: {study}\n" + path.read_text("utf-8"), "utf-8")
    return path


def two_cases(folder: Path, first: str, second: str) -> tuple[Path, Path]:
    """Write two cases; the first has photo 1, the second photo 2."""
    paths = []
    for name, clue, photo in (("first", first, 1), ("second", second, 2)):
        case_id = f"2024-01-31-{name}"
        paths.append(folder / f"{case_id}.yaml")
        text = HEAD.replace("2024-01-31-synthetic", case_id)
        paths[-1].write_text(text + FINDING.format(number=photo, clue=clue), "utf-8")
    return paths[0], paths[1]


def test_a_study_area_bounds_the_surface(tmp_path: Path) -> None:
    """A drawn area of 10 by 10 km at 100 m is searched, and no cell outside it holds anything."""
    case = read_case(with_study(tmp_path, f"{{polygon: {SQUARE}, cell_m: 100, masses: [0.6]}}"))
    area = investigate(case).area
    assert area is not None
    assert area.grid.cell_m == 100
    assert [region.mass for region in area.regions] == [0.6]
    square = shapely.Polygon([(69.2, 34.45), (69.3, 34.45), (69.3, 34.55), (69.2, 34.55)])
    lon, lat = area.grid.centres_deg()
    assert not area.surface[~shapely.contains_xy(square, lon, lat)].any()


def test_a_raster_beside_the_case_file_is_its_prior(tmp_path: Path) -> None:
    """Where the raster is ten times as dense, the event is ten times as likely before any clue."""
    path = with_study(tmp_path, f"{{polygon: {SQUARE}, cell_m: 500, prior: houses.tif}}")
    dense = np.ones((1, 20, 20), np.float32)
    dense[:, :, 10:] = 10
    with rasterio.open(
        tmp_path / "houses.tif", "w", driver="GTiff", dtype="float32", count=1, width=20,
        height=20, crs="EPSG:4326", transform=rasterio.Affine(0.01, 0, 69.15, 0, -0.01, 34.6),
    ) as houses:  # fmt: skip
        houses.write(dense)
    area = investigate(read_case(path)).area
    assert area is not None
    assert "houses" in area.prior.name
    lon, _ = area.grid.centres_deg()
    inside = area.prior.mass > 0
    west, east = (area.prior.mass[inside & side].mean() for side in (lon < 69.24, lon > 69.26))
    assert east > 5 * west


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ("{code: AF-KBL-PD20}", "no known line"),
        (f"{{code: AF0104, polygon: {SQUARE}}}", "not both"),
        ("{cell_m: 0}", "above 0"),
        ("{cell_m: 1}", "4,000,000"),
        ("{prior: none.tif}", "none.tif"),
        ("{code: AF99}", "AF99"),
    ],
)
def test_a_study_area_that_cannot_be_is_named(tmp_path: Path, study: str, words: str) -> None:
    """The case, the field and what was wrong."""
    with pytest.raises(CaseError, match="study") as got:
        investigate(read_case(with_study(tmp_path, study)))
    assert words in str(got.value)


def test_the_same_place_as_another_case_brings_its_area(tmp_path: Path) -> None:
    """What is known there counts here, with the reliability of what shows that they are one."""
    first, second = two_cases(tmp_path, DRAWN, "{kind: same-as, incident: 2024-01-31-first}")
    there, here = investigate(read_case(first)).area, investigate(read_case(second)).area
    assert there is not None
    assert here is not None
    by_hand = likely_area([same_as("2024-01-31-first", there, "photo 2", 0.9)])
    assert np.allclose(here.surface, by_hand.surface)
    inside = there.surface > there.surface.max() / 2
    assert 0.9 * 0.9 < here.surface[inside].sum() < there.surface[inside].sum()
    assert "in the same place as 2024-01-31-first" in here.strands[0].says


def test_what_both_cases_rest_on_counts_once(tmp_path: Path) -> None:
    """One photo in both, and nothing else there: the other case adds nothing."""
    first, second = two_cases(tmp_path, DRAWN, "{kind: same-as, incident: 2024-01-31-first}")
    own = FINDING.format(number=1, clue=NEAR)
    second.write_text(second.read_text("utf-8") + own, encoding="utf-8")
    area = investigate(read_case(second)).area
    alone = investigate(read_case(case_of(tmp_path, NEAR))).area
    assert area is not None
    assert alone is not None
    assert np.allclose(area.surface, alone.surface)
    first.write_text(first.read_text("utf-8") + FINDING.format(number=3, clue=NEAR), "utf-8")
    area = investigate(read_case(second)).area
    assert area is not None
    assert len(area.strands) == 2


def test_what_two_other_cases_rest_on_counts_once(tmp_path: Path) -> None:
    """The same place as two cases that both rest on one photo is told by that photo once."""
    first, second = two_cases(tmp_path, DRAWN, "{kind: same-as, incident: 2024-01-31-first}")
    again = first.read_text("utf-8").replace("2024-01-31-first", "2024-01-31-again")
    (tmp_path / "2024-01-31-again.yaml").write_text(again, "utf-8")
    once = investigate(read_case(second)).area
    also = FINDING.format(number=5, clue="{kind: same-as, incident: 2024-01-31-again}")
    second.write_text(second.read_text("utf-8") + also, "utf-8")
    twice = investigate(read_case(second)).area
    assert once is not None
    assert twice is not None
    assert np.allclose(once.surface, twice.surface)


def test_a_claim_is_no_evidence_by_way_of_another_case(tmp_path: Path) -> None:
    """What Somebody said of the other raid is still what Somebody said."""
    first, second = two_cases(tmp_path, DRAWN, "{kind: same-as, incident: 2024-01-31-first}")
    told = first.read_text("utf-8").replace("claimant: Somebody", "claimant: Nobody")
    first.write_text(told.replace("origin: photo 1", "origin: Somebody's tweet 3"), "utf-8")
    assert read_case(first).evidence[0].locates
    with pytest.raises(CaseError, match="comes from a claimant of 2024-01-31-second"):
        investigate(read_case(second))


def test_a_unit_named_there_is_not_doubted_here(tmp_path: Path) -> None:
    """A raid in the place of one found within PD22 is in PD22, wherever its line runs."""
    _, second = two_cases(
        tmp_path,
        "{kind: within, codes: [AF-KBL-PD22]}",
        "{kind: same-as, incident: 2024-01-31-first}",
    )
    area = investigate(read_case(second)).area
    verdict = verify(Place("PD22", ("AF-KBL-PD22",)), area)
    assert verdict.probability == pytest.approx(0.9 * 0.9, abs=0.01)


def test_cases_that_point_at_each_other_are_refused(tmp_path: Path) -> None:
    """A circle would count a place for itself; a case that is not there is named too."""
    first, second = two_cases(
        tmp_path,
        "{kind: same-as, incident: 2024-01-31-second}",
        "{kind: same-as, incident: 2024-01-31-first}",
    )
    with pytest.raises(CaseError, match=r"circle .*first → 2024-01-31-second → 2024-01-31-first"):
        investigate(read_case(first))
    first.unlink()
    with pytest.raises(CaseError, match=r"evidence\[0\].clues\[0\].incident.*is not here"):
        investigate(read_case(second))


def test_clues_are_trusted_less_than_a_published_finding(tmp_path: Path) -> None:
    """Without a stated reliability a clue has 0.9, and a finding that names units 0.98."""
    path = case_of(tmp_path, NEAR)
    path.write_text(path.read_text("utf-8").replace("    reliability: 0.9\n", ""), "utf-8")
    area = investigate(read_case(path)).area
    assert area is not None
    assert area.strands[0].reliability == RELIABILITY == 0.9
    named = path.read_text("utf-8").replace("    clues:", "    within: [AF0104]\n    clues:")
    path.write_text(named, "utf-8")
    area = investigate(read_case(path)).area
    assert area is not None
    assert area.strands[0].reliability == 0.98


@pytest.mark.parametrize(
    "origin", ["Somebody", "somebody's statement", " SOMEBODY ", "a claim by Somebody"]
)
def test_a_claim_in_other_words_is_still_no_evidence(tmp_path: Path, origin: str) -> None:
    """The claimant's name, with whatever word for saying stands beside it."""
    path = case_of(tmp_path, NEAR)
    path.write_text(path.read_text("utf-8").replace("photo 1", f'"{origin}"'), "utf-8")
    with pytest.raises(CaseError, match="never evidence for itself"):
        read_case(path)


def test_an_origin_is_one_however_it_is_written() -> None:
    """Photo 3 and "photo  3 " are one photo."""
    one = Within(Place("", ("AF0104",)), "photo 3", 0.9)
    area = likely_area([one, dataclasses.replace(one, origin="  Photo  3 ")])
    assert len(area.strands) == 1


def test_two_landmarks_in_one_photo_are_two_observations() -> None:
    """Their bearings cross; two analysts' bearings of one landmark only meet halfway."""
    hill, tower = Landmark("Hill", 69.30, 34.50, 50), Landmark("tower", 69.24, 34.44, 50)
    east, south = Bearing(hill, 90, "a photo"), Bearing(tower, 180, "a photo")
    again = Bearing(dataclasses.replace(hill, name="hill"), 94, "a photo")
    prior = uniform_prior(shapely.box(69.1, 34.4, 69.35, 34.6), 250)
    crossing = likely_area([east, south], prior)
    assert len(crossing.strands) == 1
    by_hand = np.exp(crossing.strands[0].logs)
    apart = (np.exp(likely_area([each], prior).strands[0].logs) for each in (east, south))
    expected = np.prod(list(apart), axis=0)
    assert by_hand == pytest.approx(expected / (expected * prior.mass).sum(), rel=1e-3)
    twice = likely_area([east, again], prior)
    middle = likely_area([dataclasses.replace(east, azimuth_deg=92)], prior)
    assert twice.region(0.95).area_km2 == pytest.approx(middle.region(0.95).area_km2, rel=0.25)


def claimed_in(place: str, finding: str, folder: Path) -> Finding:
    """Investigate a claim of a place, given in words, against a finding within units."""
    path = case_of(folder, f"{{kind: within, codes: [{finding}]}}")
    text = path.read_text("utf-8").replace("place: PD8\n    codes: [AF-KBL-PD8]", f"place: {place}")
    path.write_text(text, "utf-8")
    return investigate(read_case(path))


def test_words_of_several_senses_widen_the_interval(tmp_path: Path) -> None:
    """Kabul is a district and a province: a raid in Bagrami is in one of them, not the other."""
    finding = claimed_in("Kabul", "AF0104", tmp_path)
    place, verdict = finding.places[0], finding.verdicts[0]
    assert place is not None
    assert verdict is not None
    assert place.codes == ("AF0101",)
    assert place.senses == (("AF01",),)
    assert casebook.as_json(finding)["claims"][0]["senses"] == [["AF01"]]
    assert place.name == "Kabul district or Kabul province"
    assert verdict.interval is not None
    assert verdict.interval[0] < 0.1 < 0.9 < verdict.interval[1]
    assert verdict.grade == "undetermined"
    assert "can mean several places" in verdict.reason
    assert "Kabul province > 99 %" in verdict.reason


def test_a_name_of_one_sense_is_judged_as_before(tmp_path: Path) -> None:
    """Bagrami is one district; words that name no unit are still not judged."""
    finding = claimed_in("Bagrami", "AF0104", tmp_path)
    assert finding.places[0] == Place("Bagrami", ("AF0104",))
    assert finding.verdicts[0] == verify(Place("Bagrami", ("AF0104",)), finding.area)
    nowhere = claimed_in("the old mill", "AF0104", tmp_path).verdicts[0]
    assert nowhere is not None
    assert nowhere.grade == "not-assessable"


def test_a_small_area_keeps_its_size_in_json(tmp_path: Path) -> None:
    """An area of 0.01 km² is not rounded to nothing."""
    small = "[[69.2, 34.5], [69.201, 34.5], [69.201, 34.501], [69.2, 34.501]]"
    path = case_of(tmp_path, f"{{kind: drawn, polygon: {small}, confidence: 0.99}}")
    path.write_text(
        f"study: {{polygon: {AROUND}, cell_m: 10}}\n" + path.read_text("utf-8"), "utf-8"
    )
    document = casebook.as_json(investigate(read_case(path)))
    assert document["likely_area"]["regions"][0]["area_km2"] == pytest.approx(0.009, abs=0.002)
    assert isinstance(investigate(read_case(path)).area.clues[0], Drawn)  # type: ignore[union-attr]


def test_ground_searched_in_vain_may_be_called_not_found(tmp_path: Path) -> None:
    """A search that found nothing is itself a finding; a distance not found is none."""
    searched = f"{{kind: searched, polygon: {SQUARE}, detection_probability: 0.8}}"
    for clue in (searched, NEAR):
        path = case_of(tmp_path, clue)
        path.write_text(
            path.read_text("utf-8").replace("status: likely", "status: not-found"), "utf-8"
        )
        if clue == searched:
            assert investigate(read_case(path)).area is not None
        else:
            with pytest.raises(CaseError, match="or, if not-found, the ground that was searched"):
                read_case(path)


def test_the_readme_shows_clues_that_work(tmp_path: Path) -> None:
    """The examples of evidence, photos and sources are parts of a case file as they stand."""
    text = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    example, photos = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    head = HEAD.partition("geolocation:")[0]
    path = tmp_path / "case.yaml"
    path.write_text(head + example + photos, "utf-8")
    case = read_case(path)
    assert case.photos[0].blur
    assert case.sources[0].captured
    area = investigate(case).area
    assert area is not None
    assert len(area.clues) == 2
    assert area.region(0.5).area_km2 < 20
