"""Official layers: what is checked, what is kept, and which edition answers afterwards."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shell import Shell

from geoloc import EditionError, GeolocError, InputError, IntegrityError, boundaries, files, geo
from geoloc.boundaries import codes, official
from geoloc.boundaries.comparison import compare, match_codes, name_changes, shapes_of, units_at
from geoloc.boundaries.coverage import mended, share_lines
from geoloc.boundaries.editions import (
    CHOICE,
    RECORDS,
    choose,
    default_edition,
    project_folder,
    record,
    user_folder,
)
from geoloc.boundaries.incoming import Request
from geoloc.boundaries.topology import arcs_of, read_topology
from geoloc.errors import CRSError

WEST, SOUTH, SIDE = 69.10, 34.50, 0.02  # a corner in Kabul; about 1.8 by 2.2 km


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with an empty data folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOLOC_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return a function that runs geoloc."""
    return Shell(monkeypatch, capsys)


def cell(col: int, row: int, wide: int = 1, high: int = 1) -> shapely.Polygon:
    """Return a rectangle of a grid over Kabul."""
    corners = WEST + col * SIDE, SOUTH + row * SIDE
    west, south = (round(x, 5) for x in corners)
    return shapely.box(west, south, round(west + wide * SIDE, 5), round(south + high * SIDE, 5))


def table(*shapes: Any, codes: list[Any] | None = None) -> gpd.GeoDataFrame:
    """Return shapes as a table with the field NO: 1, 2, 3 … unless said."""
    numbers = codes or list(range(1, len(shapes) + 1))
    return gpd.GeoDataFrame({"NO": numbers}, geometry=list(shapes), crs="EPSG:4326")


def saved(units: gpd.GeoDataFrame, name: str = "units.geojson") -> Path:
    """Write a table here, in the format of its name."""
    units.to_file(name)
    return Path(name)


def request(**changes: Any) -> Request:
    """Return what a user says of a file of police districts."""
    said: dict[str, Any] = {
        "layer": "police-districts",
        "code_field": "NO",
        "publisher": "Kabul Municipality",
        "valid_on": "2024",
        "accuracy_m": 50.0,
    }
    return Request(**{**said, **changes})


def kept(*shapes: Any, **changes: Any) -> boundaries.Edition:
    """Import shapes as police districts 1, 2, 3 and so on."""
    return official.keep(official.propose(saved(table(*shapes)), request(**changes)), user_folder())


@pytest.mark.parametrize(
    "value",
    [22, 22.0, "22", "22.0", "022", "PD22", "pd 22", "PD-22", "P.D. 22", "AF-KBL-PD22", "ناحیه ۲۲",
     "ناحيه ٢٢", "ناحیۀ 22", "District 22", "Nahia No. 22", "Police District #22", " 22\u200f"],
)  # fmt: skip
def test_a_police_district_is_read_in_any_usual_dress(value: Any) -> None:
    """Numbers, prefixes, Persian and Arabic digits, marks nobody sees."""
    assert codes.read_code("police-districts", value) == "AF-KBL-PD22"


@pytest.mark.parametrize(
    "value", [0, 23, "PD0", "222", 2.5, "", None, True, "PD", "2 2", "PD1 and 2", "AF0104", "-5"]
)
def test_what_is_no_police_district_is_refused(value: Any) -> None:
    """Numbers are numbers: 2.5 is not 2, and 23 does not exist."""
    with pytest.raises(InputError, match="1 to 22"):
        codes.read_code("police-districts", value)


@pytest.mark.parametrize(
    ("layer", "value", "code"),
    [
        ("districts", "AF0104", "AF0104"), ("districts", "af0104", "AF0104"),
        ("districts", 104, "AF0104"), ("districts", "0104", "AF0104"),
        ("districts", 3202.0, "AF3202"), ("provinces", "AF01", "AF01"), ("provinces", 1, "AF01"),
    ],
)  # fmt: skip
def test_p_codes_are_read(layer: str, value: Any, code: str) -> None:
    """As written by OCHA, or as bare numbers."""
    assert codes.read_code(layer, value) == code


@pytest.mark.parametrize(("layer", "value"), [("districts", "AF01"), ("provinces", "AF0104")])
def test_the_code_of_another_layer_is_refused(layer: str, value: str) -> None:
    """A province's code names no district."""
    with pytest.raises(InputError, match="no P-code"):
        codes.read_code(layer, value)


@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg", "a.fgb", "a.kml", "a.zip"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32642"])
def test_an_imported_layer_answers_from_then_on(name: str, crs: str) -> None:
    """In any format and CRS: units, σ and the default edition, in the same process."""
    before = boundaries.locate(69.11, 34.51).police_districts
    assert before[0].edition.id == "nahia-2019"
    units = table(cell(0, 0), cell(1, 0), codes=["PD1", "ناحیه ۲"])
    if name == "a.zip":
        Path("shp").mkdir()
        units.to_crs(crs).to_file("shp/a.shp", encoding="utf-8")
        with zipfile.ZipFile(name, "w") as archive:
            for part in Path("shp").iterdir():
                archive.write(part, part.name)
    else:
        kml = name == "a.kml"
        units.to_crs("EPSG:4326" if kml else crs).to_file(name, driver="KML" if kml else None)
    proposal = official.propose(name, request())
    edition = official.keep(proposal, user_folder())
    assert default_edition("police-districts") == edition.id == "kabul-municipality-2024"
    (standing,) = boundaries.locate(69.11, 34.51).police_districts
    assert (standing.unit.code, standing.unit.name) == ("AF-KBL-PD1", "PD1")
    assert standing.unit.sigma_m == 50
    assert not standing.edition.approximate
    assert boundaries.locate(69.13, 34.51).police_districts[0].unit.name_fa == "ناحیه ۲"
    assert proposal.missing == tuple(sorted(f"AF-KBL-PD{n}" for n in range(3, 23)))


def test_the_file_is_the_one_that_gdal_reads() -> None:
    """GDAL's TopoJSON driver sees the same shapes as went in."""
    edition = kept(cell(0, 0), cell(1, 0), cell(0, 1))
    theirs = pyogrio.read_dataframe(edition.path)
    assert list(theirs["id"]) == ["AF-KBL-PD1", "AF-KBL-PD2", "AF-KBL-PD3"]
    for ours, shape in zip((cell(0, 0), cell(1, 0), cell(0, 1)), theirs.geometry, strict=True):
        assert shapely.equals_exact(ours.normalize(), shape.normalize(), tolerance=1e-9) or (
            ours.symmetric_difference(shape).area < 1e-12
        )


def test_neighbours_share_their_line_where_only_one_has_a_corner() -> None:
    """A long edge with two neighbours on its other side is cut where they meet."""
    edition = kept(cell(0, 0, 2, 1), cell(0, 1), cell(1, 1))
    topology = read_topology(edition.path, edition.sha256)
    members = topology.objects["police-districts"]["geometries"]
    uses = Counter(arc for member in members for arc in arcs_of(member))
    shared = [arc for arc, count in uses.items() if count == 2]
    assert max(uses.values()) == 2
    inner = shapely.union_all([shapely.LineString(topology.arc(arc)) for arc in shared])
    drawn = shapely.union_all([
        cell(0, 0, 2, 1).intersection(cell(0, 1)),
        cell(0, 0, 2, 1).intersection(cell(1, 1)),
        cell(0, 1).intersection(cell(1, 1)),
    ])  # fmt: skip
    assert inner.hausdorff_distance(drawn) < 1e-9
    on_the_line = boundaries.membership([69.11], [34.52], "police-districts").iloc[0]
    assert on_the_line["none"] == pytest.approx(0, abs=1e-6)
    assert on_the_line["AF-KBL-PD1"] == pytest.approx(0.5, abs=0.01)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 3), st.integers(1, 3)),
        min_size=1, max_size=8,
    ),
    st.floats(-2e-5, 2e-5),
)  # fmt: skip
def test_any_rectangles_become_one_coverage(
    boxes: list[tuple[int, int, int, int]], nudge: float
) -> None:
    """However they overlap: no two units share land, none is lost, and slivers are closed."""
    shapes = {
        f"U{k}": shapely.affinity.translate(cell(*box), nudge * (k % 2))
        for k, box in enumerate(boxes)
    }
    try:
        found = share_lines(shapes)
    except InputError:  # nothing is left of a unit that others cover
        return
    parts = list(found.shapes.values())
    assert shapely.coverage_is_valid(parts)
    assert shapely.is_valid(parts).all()
    whole, drawn = shapely.union_all(parts), shapely.union_all(list(shapes.values()))
    assert whole.symmetric_difference(drawn).area < 1e-4 * drawn.area + 2e-6


def test_districts_take_names_and_parents_from_the_edition_in_use() -> None:
    """Without a name field Bagrami is still Bagrami, in Kabul; a new code is said to be new."""
    bagrami = boundaries.unit("AF0104").geometry
    other = shapely.box(69.9, 34.0, 70.0, 34.1)
    units = gpd.GeoDataFrame({"P": ["AF0104", "AF0999"]}, geometry=[bagrami, other], crs=4326)
    proposal = official.propose(
        saved(units), request(layer="districts", code_field="P", edition_id="test-2024")
    )
    assert proposal.units.loc["AF0104", ["name", "parent"]].tolist() == ["Bagrami", "AF01"]
    assert proposal.units.loc["AF0999", ["name", "parent"]].tolist() == ["AF0999", "AF09"]
    assert proposal.added == ("AF0999",)
    assert len(proposal.missing) == 398


def test_an_unchanged_layer_agrees_with_itself() -> None:
    """The districts of 2018, written out and read back, change no land at all."""
    table_2018 = boundaries.load_boundaries("districts")
    kabul = table_2018[table_2018.code.str.startswith("AF01")]
    proposal = official.propose(
        saved(kabul, "a.gpkg"), request(layer="districts", code_field="code", edition_id="x")
    )
    kept_km2 = sum(unit.kept_km2 for unit in proposal.comparison.units)
    assert kept_km2 == pytest.approx(sum(proposal.areas_km2.values()), rel=1e-9)
    assert proposal.overlaps == proposal.gaps == ()


BOW_TIE = shapely.Polygon([(69.1, 34.5), (69.12, 34.52), (69.12, 34.5), (69.1, 34.52)])


def swapped(shape: Any) -> Any:
    """Return a shape with its axes exchanged."""
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


@pytest.mark.parametrize(
    ("units", "changes", "words"),
    [
        (table(cell(0, 0)), {"code_field": "PD"}, "no field 'PD'; it has NO"),
        (table(cell(0, 0)), {"name_field": "x"}, "no field 'x'"),
        (table(cell(0, 0), codes=[23]), {}, "'23' is no police district"),
        (table(cell(0, 0), codes=[None]), {}, "an empty value"),
        (table(cell(0, 0), cell(1, 0), codes=[5, "PD5"]), {}, "more than one feature: AF-KBL-PD5"),
        (table(shapely.Point(69.1, 34.5)), {}, "None of the file's 1 features is a polygon"),
        (table(swapped(cell(0, 0))), {}, "Export it again with longitude first"),
        (table(shapely.box(2, 48, 3, 49)), {}, "not within Afghanistan"),
        (table(shapely.box(62, 34, 62.1, 34.1)), {}, "km from Kabul"),
        (table(BOW_TIE), {}, "invalid shape: AF-KBL-PD1 \\(Self-intersection\\)"),
        (table(cell(0, 0), cell(0, 0, 2, 1)), {}, "1 pair\\(s\\) of units overlap"),
        (table(cell(0, 0)), {"accuracy_m": 0.0}, "--accuracy"),
        (table(cell(0, 0)), {"accuracy_m": float("nan")}, "--accuracy"),
        (table(cell(0, 0)), {"valid_on": "2024-13"}, "--valid-on"),
        (table(cell(0, 0)), {"valid_on": "last year"}, "--valid-on"),
        (table(cell(0, 0)), {"publisher": " "}, "--publisher"),
        (table(cell(0, 0)), {"crs": "+init=file:x"}, "--crs must be like"),
        (table(cell(0, 0)), {"crs": "EPSG:32642"}, "not within Afghanistan|makes? no sense"),
        (table(cell(0, 0)), {"crs": "EPSG:99999"}, "no CRS"),
        (table(cell(0, 0)), {"source_layer": "other"}, "no layer 'other'; it has 'units'"),
        (table(cell(0, 0)), {"edition_id": "../evil"}, "cannot be an edition's id"),
    ],
)  # fmt: skip
def test_a_layer_that_is_wrong_is_refused(
    units: gpd.GeoDataFrame, changes: dict[str, Any], words: str, own_data: Path
) -> None:
    """Each check stops the import with what is wrong and what to do; nothing is written."""
    units.to_file("units.geojson")
    with pytest.raises(GeolocError, match=words):
        official.propose("units.geojson", request(**changes))
    assert not own_data.exists()


def test_a_file_without_a_crs_asks_for_it() -> None:
    """A FlatGeobuf that does not say its CRS is refused, and read once it is named."""
    units = table(cell(0, 0)).to_crs("EPSG:32642").set_crs(None, allow_override=True)
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.write_dataframe(units, "a.fgb")
    with pytest.raises(CRSError, match="--crs EPSG:32642"):
        official.propose("a.fgb", request())
    proposal = official.propose("a.fgb", request(crs="EPSG:32642"))
    assert proposal.areas_km2["AF-KBL-PD1"] == pytest.approx(geo.area_km2(cell(0, 0)), rel=1e-3)


def test_metres_called_degrees_are_refused() -> None:
    """Projected numbers in a file that claims WGS 84."""
    units = table(cell(0, 0)).to_crs("EPSG:32642").set_crs("EPSG:4326", allow_override=True)
    with pytest.raises(CRSError, match="are not degrees"):
        official.propose(saved(units, "a.gpkg"), request())


def test_infinite_coordinates_are_refused() -> None:
    """A GeoPackage can hold what GeoJSON cannot; the unit is named."""
    shape = shapely.transform(cell(0, 0), lambda xy: np.where(xy == xy.max(), np.inf, xy))
    with pytest.raises(GeolocError, match=r"NO = '1' is not a finite number"):
        official.propose(saved(table(shape), "a.gpkg"), request())


def test_several_layers_are_listed_and_none_is_taken() -> None:
    """The message lists the layers with their counts; --layer takes the one that is meant."""
    table(cell(0, 0)).to_file("two.gpkg", layer="nahia")
    table(cell(0, 0), cell(1, 0)).to_file("two.gpkg", layer="old")
    with pytest.raises(InputError, match=r"'nahia' \(1 features\); 'old' \(2 features\).*--layer"):
        official.propose("two.gpkg", request())
    assert len(official.propose("two.gpkg", request(source_layer="nahia")).units) == 1


def test_repair_shows_what_it_did_to_each_unit() -> None:
    """A bow tie keeps its two triangles; the change of area is told in m²."""
    proposal = official.propose(saved(table(BOW_TIE, cell(3, 3))), request(repair=True))
    assert list(proposal.repairs_m2) == ["AF-KBL-PD1"]
    assert proposal.areas_km2["AF-KBL-PD1"] == pytest.approx(
        geo.area_km2(mended(BOW_TIE)), rel=1e-3
    )
    assert proposal.repairs_m2["AF-KBL-PD1"] > 0  # as drawn, its two halves cancel


def test_repair_gives_disputed_land_to_the_smaller_unit() -> None:
    """A unit drawn on top of its surroundings stays whole, as a hole in the larger one."""
    inner, outer = cell(1, 1), cell(0, 0, 3, 3)
    proposal = official.propose(saved(table(outer, inner)), request(repair=True))
    assert proposal.units.geometry["AF-KBL-PD2"].equals(inner)
    assert proposal.units.geometry["AF-KBL-PD1"].equals(outer - inner)
    (overlap,) = proposal.overlaps
    assert overlap.codes == ("AF-KBL-PD1", "AF-KBL-PD2")
    assert overlap.area_km2 == pytest.approx(geo.area_km2(inner), rel=1e-6)


def test_gaps_are_told_and_left() -> None:
    """A ring of eight units around nothing: the gap is reported with its neighbours."""
    ring = [cell(c, r) for c in range(3) for r in range(3) if (c, r) != (1, 1)]
    proposal = official.propose(saved(table(*ring)), request())
    (gap,) = proposal.gaps
    assert gap.area_km2 == pytest.approx(geo.area_km2(cell(1, 1)), rel=1e-6)
    assert len(gap.codes) == 8
    assert not proposal.units.union_all().covers(cell(1, 1))


def test_slivers_of_a_metre_are_closed_without_a_question() -> None:
    """Neighbours drawn 1 m apart, or 1 m into each other, share a line afterwards."""
    for nudge in (1e-5, -1e-5):
        shifted = shapely.affinity.translate(cell(1, 0), nudge)
        found = share_lines({"A": cell(0, 0), "B": shifted, "C": cell(0, 1, 2, 1)})
        assert shapely.coverage_is_valid(list(found.shapes.values()))
        assert found.overlaps == ()
        assert shapely.get_num_interior_rings(shapely.union_all(list(found.shapes.values()))) == 0


def test_features_without_area_are_counted() -> None:
    """Label points beside the polygons are left out, and a note says how many."""
    units = table(cell(0, 0), shapely.Point(69.11, 34.51), codes=[1, 1])
    proposal = official.propose(saved(units), request())
    assert any("1 feature(s) without an area" in note for note in proposal.notes)


def test_hostile_text_in_a_file_is_cleaned(run: Shell) -> None:
    """Names that would steer a terminal lose their power before they are kept."""
    units = gpd.GeoDataFrame(
        {"NO": ["AF0104"], "N": ["\x1b[2JBagrami\u202e\nx"]},
        geometry=[boundaries.unit("AF0104").geometry], crs=4326,
    )  # fmt: skip
    proposal = official.propose(
        saved(units), request(layer="districts", name_field="N", publisher="a\x1b\nb")
    )
    assert proposal.units.name.iloc[0] == "[2JBagrami x"
    edition = official.keep(proposal, user_folder())
    assert edition.publisher == "a b"
    assert "\x1b" not in run("boundaries", "info", edition.id).out


def test_a_second_import_of_one_id_needs_replace() -> None:
    """Refused first; with replace the new file is there and the old one is gone."""
    first = kept(cell(0, 0))
    with pytest.raises(EditionError, match="--replace"):
        kept(cell(1, 0))
    assert boundaries.editions()[-1] == first
    proposal = official.propose(saved(table(cell(1, 0))), request())
    second = official.keep(proposal, user_folder(), replace=True)
    assert second.sha256 != first.sha256
    assert sorted(p.name for p in user_folder().iterdir()) == sorted(
        [RECORDS, CHOICE, second.path.name]
    )
    assert boundaries.load_layer("police-districts")["AF-KBL-PD1"].geometry.equals(cell(1, 0))


def test_a_shipped_edition_cannot_be_replaced() -> None:
    """Not by its id, and not by writing into geoloc's own folder."""
    proposal = official.propose(saved(table(cell(0, 0))), request(edition_id="nahia-2019"))
    with pytest.raises(EditionError, match="another --id"):
        official.keep(proposal, user_folder(), replace=True)
    with pytest.raises(EditionError, match="belongs to geoloc"):
        official.keep(proposal, files.shipped("boundaries"), replace=True)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_killed_half_way_nothing_is_lost(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each of the three writes: the earlier edition is whole and still answers."""
    first = kept(cell(0, 0), edition_id="first")
    proposal = official.propose(saved(table(cell(1, 0))), request(edition_id="second"))
    written = 0
    write: Callable[..., Path] = files.write_whole

    def fail(path: Path, content: bytes | str) -> Path:
        nonlocal written
        written += 1
        if written == step:
            raise KeyboardInterrupt
        return write(path, content)

    monkeypatch.setattr(files, "write_whole", fail)
    with pytest.raises(KeyboardInterrupt):
        official.keep(proposal, user_folder())
    monkeypatch.undo()
    monkeypatch.setenv("GEOLOC_DATA", str(user_folder().parent))
    monkeypatch.setenv("GEOLOC_DATA", str(first.path.parents[1]))
    ids = [edition.id for edition in boundaries.editions()]
    assert ("second" in ids) == (step == 3)
    assert boundaries.load_layer("police-districts").edition == first
    assert official.keep(proposal, user_folder(), replace=True).id == "second"


def test_one_changed_byte_of_an_imported_file_is_refused() -> None:
    """The message has the file, the recorded hash and the one found."""
    edition = kept(cell(0, 0))
    content = bytearray(edition.path.read_bytes())
    content[len(content) // 2] ^= 1
    edition.path.write_bytes(bytes(content))
    boundaries.layers._load_layer.cache_clear()
    read_topology.cache_clear()
    with pytest.raises(IntegrityError, match=edition.sha256) as refused:
        boundaries.load_layer("police-districts")
    assert edition.path.name in str(refused.value)
    edition.path.unlink()
    with pytest.raises(EditionError, match="cannot be read"):
        boundaries.load_layer("police-districts")


def test_the_project_counts_before_the_user_and_the_user_before_geoloc() -> None:
    """Each choice overrides the one below it, at once."""
    assert default_edition("police-districts") == "nahia-2019"
    choose("police-districts", "iec-2014", user_folder())
    assert default_edition("police-districts") == "iec-2014"
    assert boundaries.DEFAULT_EDITION["police-districts"] == "iec-2014"
    choose("police-districts", "nahia-2019", project_folder())
    assert default_edition("police-districts") == "nahia-2019"
    assert default_edition("districts") == "ocha-2018"


def test_a_project_keeps_its_own_editions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edition in ./boundaries answers there and nowhere else."""
    proposal = official.propose(saved(table(cell(0, 0))), request())
    official.keep(proposal, project_folder())
    assert default_edition("police-districts") == "kabul-municipality-2024"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert default_edition("police-districts") == "nahia-2019"
    assert "kabul-municipality-2024" not in {edition.id for edition in boundaries.editions()}


def test_no_folder_can_pass_off_its_lines_as_a_shipped_edition() -> None:
    """A record with a shipped id is left out."""
    edition = kept(cell(0, 0))
    text = (user_folder() / RECORDS).read_text("utf-8")
    (user_folder() / RECORDS).write_text(text.replace(f'"{edition.id}"', '"nahia-2019"'))
    (user_folder() / CHOICE).unlink()
    assert boundaries.load_layer("police-districts").edition.path.parent == files.shipped(
        "boundaries"
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (RECORDS, "[a\n", "sources.toml cannot be read"),
        (RECORDS, "[a]\nlayers = ['districts']\n", r"record \[a\] is not complete: 'file'"),
        (RECORDS, "a = 5\n", r"record \[a\] is not complete"),
        (CHOICE, "\xff", "chosen.toml cannot be read"),
        (CHOICE, "police-districts = 'gone-2020'\n", "choose again with geoloc boundaries use"),
    ],
)
def test_a_broken_folder_is_told_in_one_line(name: str, text: str, words: str) -> None:
    """The message names the file and what is wrong in it."""
    user_folder().mkdir(parents=True)
    (user_folder() / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(EditionError, match=words) as refused:
        boundaries.load_layer("police-districts")
    assert len(str(refused.value).splitlines()) == 1


def test_a_record_cannot_point_out_of_its_folder() -> None:
    """A file name with a path in it is refused."""
    edition = kept(cell(0, 0))
    text = (user_folder() / RECORDS).read_text("utf-8")
    (user_folder() / RECORDS).write_text(text.replace(edition.path.name, "../x.topojson"))
    with pytest.raises(EditionError, match="plain name"):
        boundaries.editions()


def test_records_survive_any_text() -> None:
    """Quotes, backslashes, line ends and Persian come back as they were."""
    words = 'a "b" \\ c\n\t\x7f ناحیه 🗺 [x] # y'
    record(user_folder(), "one", {"title": words, "layers": ["a", "b"], "n": 1.5, "t": True})
    record(user_folder(), "two", {"title": "second"})
    found = boundaries.editions.__globals__["read_toml"](user_folder() / RECORDS)
    assert found["one"] == {"title": words, "layers": ["a", "b"], "n": 1.5, "t": True}
    assert list(found) == ["one", "two"]


def test_a_comparison_adds_up() -> None:
    """Half of a unit moves to its neighbour: areas, moves and share, by the ellipsoid."""
    before = {"A": cell(0, 0, 2, 1), "B": cell(2, 0)}
    after = {"A": cell(0, 0), "B": cell(1, 0, 2, 1)}
    found = compare(before, after)
    one = geo.area_km2(cell(1, 0))
    assert [(m.before, m.after) for m in found.moves] == [("A", "B")]
    assert found.moved_km2 == pytest.approx(one, rel=1e-6)
    assert found.share == pytest.approx(1 / 3, rel=1e-6)
    assert found.units[0].kept_km2 == pytest.approx(one, rel=1e-6)


def test_splits_merges_and_renamings_are_found_by_overlap() -> None:
    """One unit becomes two, two become one, one changes its code, one is new."""
    before = {"A": cell(0, 0, 2, 1), "C": cell(3, 0), "D": cell(4, 0), "E": cell(0, 2)}
    after = {
        "A": cell(0, 0),
        "B": cell(1, 0),
        "C": cell(3, 0, 2, 1),
        "F": cell(0, 2),
        "N": cell(5, 5),
    }
    found = compare(before, after)
    assert found.splits == (("A", ("A", "B")),)
    assert found.merges == ((("C", "D"), "C"),)
    assert found.renamed == (("E", "F"),)
    assert found.only_after == ("B", "F", "N")
    assert found.only_before == ("D", "E")


def test_a_unit_is_made_up_of_what_it_was_and_where_it_went() -> None:
    """A row of four: A gives its eastern half to B; C is gone, D is new, E did not change."""
    before = {"A": cell(0, 0, 2, 1), "B": cell(2, 0), "C": cell(0, 2), "E": cell(5, 0)}
    after = {"A": cell(0, 0), "B": cell(1, 0, 2, 1), "D": cell(0, 4), "E": cell(5, 0)}
    found = compare(before, after)
    went = {each.code: {code: round(share, 4) for code, share in each.parts} for each in found.went}
    came = {each.code: {code: round(share, 4) for code, share in each.parts} for each in found.came}
    assert went == {"A": {"A": 0.5, "B": 0.5}, "C": {}}
    assert came == {"B": {"A": 0.5, "B": 0.5}, "D": {}}


def test_the_districts_that_changed_between_2014_and_2018() -> None:
    """Names changed, names moved, and what is new: each known from outside the files.

    The capital of Ghor was renamed from Chaghcharan to Feroz Koh in 2014. Hayratan on the Oxus
    was a part of Kaldar. Garmser is no name that went: it stands for more desert.
    """
    before, after = (
        boundaries.load_layer("districts", edition)
        for edition in ("geoboundaries-2014", "ocha-2018")
    )
    found = compare(shapes_of(before), shapes_of(after))
    otherwise, moved = name_changes(before, after, found)
    assert (otherwise[0].name_before, otherwise[0].name_after) == ("Chaghcharan", "Feroz Koh")
    assert otherwise[0].also_called == "Chagcharan"
    assert not otherwise[0].respelt
    spelt = {each.after: each for each in otherwise if each.respelt}
    assert spelt["AF0105"].name_before == "Dih Sabz"
    names = {(each.name_before, each.after) for each in moved}
    assert {("Hirat", "AF3201"), ("Injil", "AF3202"), ("Garmser", "AF3006")} <= names
    assert {each.before for each in moved} >= set(found.only_before)  # all found again by name
    came = {each.code: dict(each.parts) for each in found.came}
    assert came["AF2116"] == {"AF2113": pytest.approx(1, abs=0.01)}
    jalalabad = next(each for each in moved if each.name_after == "Jalalabad")
    one, other = before[jalalabad.before].geometry, after["AF0601"].geometry
    flat_iou = one.intersection(other).area / one.union(other).area  # in degrees: a ratio
    assert jalalabad.iou == pytest.approx(flat_iou, abs=0.001)


def test_points_on_a_shared_line_belong_to_the_lower_code() -> None:
    """Inside, on the line, outside."""
    shapes = {"B": cell(0, 0), "A": cell(1, 0)}
    lon = np.array([69.11, 69.12, 69.13, 70.0])
    assert list(units_at(shapes, lon, np.full(4, 34.51))) == ["B", "A", "A", None]


def test_codes_are_matched_where_each_is_the_best_of_the_other() -> None:
    """A shifted unit is recognised, a small part of one is not."""
    reference = {"A": cell(0, 0), "B": cell(1, 0)}
    shifted = shapely.affinity.translate(cell(0, 0), SIDE / 5)
    small = shapely.affinity.scale(cell(1, 0), 0.3, 0.3)
    assert match_codes([shifted, small, cell(9, 9)], reference) == ["A", None, None]


IMPORT = ("--as", "police-districts", "--code-field", "NO", "--publisher", "Kabul Municipality",
          "--valid-on", "2024-05", "--accuracy", "50")  # fmt: skip


def test_import_shows_a_picture_and_a_table_and_the_next_command(run: Shell) -> None:
    """Units, areas, checks, agreement with the edition in use, all within 100 columns."""
    file = saved(table(cell(0, 0), cell(1, 0), codes=[1, 2]))
    done = run("boundaries", "import", file, *IMPORT, "--yes")
    assert done.status == 0
    assert max(len(line) for line in done.out.splitlines() if "Kept as" not in line) <= 100
    assert any("\u2801" <= letter <= "\u28ff" for letter in done.out)
    assert "AF-KBL-PD1" in done.out
    assert "Overlaps, given to the smaller unit: none" in done.out
    assert "% of the land changes its unit" in " ".join(done.out.split())
    assert done.out.endswith("Next: geoloc boundaries diff nahia-2019 kabul-municipality-2024\n")
    assert run("where", "34.51", "69.11", "--json").json["police_districts"][0]["edition"] == (
        "kabul-municipality-2024"
    )


def test_a_layer_of_some_districts_does_not_deny_the_others(run: Shell) -> None:
    """Outside two imported nahias it cannot be said; PD2 is still found, in another edition."""
    file = saved(table(cell(0, 0), cell(1, 0), codes=[15, 22]))
    assert run("boundaries", "import", file, *IMPORT, "--yes").status == 0
    told = run("where", "34.45", "69.30").out
    assert "cannot be said outside PD15, PD22" in told
    assert "in none" not in told
    assert run("find", "PD2", "--json").json["candidates"][0]["code"] == "AF-KBL-PD2"


def test_import_as_json_is_one_document(run: Shell) -> None:
    """With the units, the checks and the comparison; no picture."""
    file = saved(table(cell(0, 0), cell(1, 0)))
    found = run("boundaries", "import", file, *IMPORT, "--yes", "--json", "--id", "mine").json
    assert found["edition"] == "mine"
    assert found["units"] == 2
    assert found["overlaps"] == found["gaps"] == found["repairs"] == []
    assert 0 < found["comparison"]["share"] <= 1
    assert Path(found["path"]).is_file()


def test_import_into_a_project_folder(run: Shell, own_data: Path) -> None:
    """The edition lies in its boundaries/ and the user's own data stay as they were."""
    file = saved(table(cell(0, 0)))
    assert run("boundaries", "import", file, *IMPORT, "--yes", "--into", ".").status == 0
    assert (Path("boundaries") / RECORDS).is_file()
    assert not own_data.exists()
    assert "project" in run("boundaries", "list").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "units.geojson", *IMPORT], "add --yes"),
        (["import", "units.geojson", *IMPORT, "--json"], "add --yes"),
        (["import", "missing.kml", *IMPORT, "--yes"], "cannot be read"),
        (["import", "units.geojson", *IMPORT[:-1], "x", "--yes"], "accuracy"),
        (["import", "units.geojson", "--as", "counties"], "counties"),
        (["import", "units.geojson", *IMPORT, "--yes", "--crs", "bad"], "EPSG"),
        (["use", "gone-1999"], "there are"),
        (["use", "iec-2014", "--layer", "districts"], "No edition"),
        (["info", "gone-1999"], "there are"),
        (["diff", "iec-2014", "gone"], "there are"),
        (["diff", "iec-2014", "ocha-2018"], "no layer in common"),
        (["diff", "iec-2014", "nahia-2019", "--points", "missing.csv"], "cannot be read"),
        (["diff", "iec-2014", "nahia-2019", "--points", "units.geojson"], "columns lat and lon"),
        (["diff", "iec-2014", "nahia-2019", "--points", "bad.csv"], "row 2"),
    ],
)  # fmt: skip
def test_wrong_use_gets_one_clear_line(run: Shell, arguments: list[str], words: str) -> None:
    """Exit 2, nothing on standard output, nothing written."""
    saved(table(cell(0, 0)))
    Path("bad.csv").write_text("lat,lon\n34.5,69.1\nx,69.1\n", encoding="utf-8")
    done = run("boundaries", *arguments)
    assert done.status == 2
    assert done.out == ""
    assert words in done.err.splitlines()[-1]
    assert not user_folder().exists()


def test_list_and_info_show_what_is_in_use(run: Shell) -> None:
    """The star moves with the choice, and the record is told whole."""
    listed = run("boundaries", "list", "--json").json
    assert {"ocha-2018", "geoboundaries-2014", "nahia-2019", "iec-2014"} == {
        e["id"] for e in listed
    }
    assert max(map(len, run("boundaries", "list").out.splitlines())) <= 100
    assert "now answers for police-districts" in run("boundaries", "use", "iec-2014").out
    (about,) = run("boundaries", "info", "iec-2014", "--json").json
    assert about["in_use"] == ["police-districts"]
    assert about["units"] == {"police-districts": 19}
    words = run("boundaries", "info", "iec-2014").out
    assert "approximate, computed from labelled localities" in " ".join(words.split())
    assert about["sha256"] in words


def test_use_says_when_a_project_decides_otherwise(run: Shell) -> None:
    """The user's choice is kept, and the line says what counts here."""
    run("boundaries", "use", "nahia-2019", "--project")
    done = run("boundaries", "use", "iec-2014", "--json")
    assert done.json["layers"] == ["police-districts"]
    assert "chooses nahia-2019" in run("boundaries", "use", "iec-2014").out


def test_diff_tells_land_units_and_points(run: Shell) -> None:
    """Between our two vintages: PD19 and PD22 are new, and a point near Pul-e Charkhi turns."""
    Path("points.csv").write_text("id,lat,lon\na,34.53,69.17\nb,34.54,69.33\n", encoding="utf-8")
    arguments = ("boundaries", "diff", "iec-2014", "nahia-2019", "--points", "points.csv")
    found = run(*arguments, "--json").json
    assert found["only_after"] == ["AF-KBL-PD19", "AF-KBL-PD22"]
    assert found["moved_km2"] > 10
    assert found["share"] == pytest.approx(found["moved_km2"] / found["union_km2"], rel=1e-3)
    assert found["points"]["count"] == 2
    assert all(each["before"] != each["after"] for each in found["points"]["changed"])
    done = run(*arguments)
    assert "of 2 points change sides" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_diff_names_what_it_lists(run: Shell) -> None:
    """Names beside codes, renamings and shares of land, within 100 columns and as JSON."""
    arguments = ("boundaries", "diff", "geoboundaries-2014", "ocha-2018")
    words = run(*arguments).out
    assert max(map(len, words.splitlines())) <= 100
    assert "AF2116 Sharak-e-Hayratan" in words
    assert "AF2301  Chaghcharan" in words
    assert "Jalalabad: AF0601 Jalalabad 57 %, AF0603 Surkh Rod 23 %" in words
    found = run(*arguments, "--json").json
    assert found["named_otherwise"][0]["after"] == "AF2301"
    assert {
        "code": "AF3201",
        "parts": [{"code": "AF3202", "share": pytest.approx(1, abs=0.01)}],
    } in (found["came"])
    assert len(found["moved_names"]) == 8


def test_a_wide_picture_and_a_long_list_fit(run: Shell) -> None:
    """50 districts of Kabul and Parwan: no labels, at most 40 rows and 100 columns."""
    districts = boundaries.load_boundaries("districts")
    some = districts[districts.code.str[:4].isin(["AF01", "AF02", "AF03", "AF04", "AF05"])]
    said = [*IMPORT]
    said[1], said[3] = "districts", "code"
    done = run("boundaries", "import", saved(some, "a.gpkg"), *said, "--yes")
    assert done.status == 0
    assert "more units" in done.out
    assert max(len(line) for line in done.out.splitlines() if "Kept as" not in line) <= 100
    assert json.dumps(default_edition("districts")) == '"kabul-municipality-2024"'
