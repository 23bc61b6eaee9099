"""Maps of tables: shapes that arrive as they were, drawn on one canvas, and what a row says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from test_maps import island_of
from test_maps_browser import visit

from geoloc import boundaries, maps
from geoloc.errors import InputError
from geoloc.maps import arcs

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def read_back(island: dict[str, Any]) -> list[Any]:
    """Read arcs as the page does, written apart from it; each shape's parts in degrees."""
    base = len(island["letters"]) // 2
    steps, value, worth = [], 0, 1
    for letter in island["steps"]:
        digit = island["letters"].index(letter)
        value, worth = value + digit % base * worth, worth * base
        if digit < base:
            steps.append(-(value // 2) if value % 2 else value // 2)
            value, worth = 0, 1
    corners = np.array(steps).reshape(-1, 2).cumsum(axis=0) / island["per_deg"]
    lines = np.split(corners, np.cumsum(island["corners"])[:-1]) if island["corners"] else []

    def path(names: list[int]) -> list[Any]:
        parts = [lines[name] if name >= 0 else lines[~name][::-1] for name in names]
        whole: list[Any] = np.concatenate([parts[0], *(part[1:] for part in parts[1:])]).tolist()
        return whole

    return [
        [
            [path(ring) for ring in part] if isinstance(part[0], list) else path(part)
            for part in parts
        ]
        for parts in island["shapes"]
    ]


def table(*shapes: Any) -> gpd.GeoDataFrame:
    """Return a table of shapes with names."""
    names = [f"row {number}" for number in range(len(shapes))]
    return gpd.GeoDataFrame({"name": names}, geometry=list(shapes), crs="EPSG:4326")


def test_districts_arrive_as_they_were() -> None:
    """All 399, each with its area to a ten-thousandth and no corner further than a step."""
    shapes = [unit.geometry for unit in boundaries.load_layer("districts").values()]
    island = arcs.written(shapes)

    step = 1 / island["per_deg"]
    for shape, parts in zip(shapes, read_back(island), strict=True):
        again = shapely.MultiPolygon([shapely.Polygon(rings[0], rings[1:]) for rings in parts])
        assert again.area == pytest.approx(shape.area, rel=2e-2, abs=step)
        assert shapely.hausdorff_distance(again.boundary, shape.boundary) < step
    shared = sum(island["corners"])
    assert shared < 0.6 * shapely.get_num_coordinates(shapes).sum()


def test_line_that_two_shapes_share_is_written_once() -> None:
    """Two squares side by side: three arcs, the shared one run along in both directions."""
    island = arcs.written([shapely.box(0, 0, 0.1, 0.1), shapely.box(0.1, 0, 0.2, 0.1)])

    assert len(island["corners"]) == 3
    (left,), (right,) = island["shapes"]
    common = {name if name >= 0 else ~name for name in left[0]} & {
        name if name >= 0 else ~name for name in right[0]
    }
    assert len(common) == 1
    assert island["corners"][common.pop()] == 2


@given(
    st.lists(
        st.tuples(st.integers(-17, 16), st.integers(-8, 7), st.integers(1, 3), st.booleans()),
        max_size=12,
    )
)
def test_boxes_that_overlap_meet_and_touch_arrive_as_they_were(
    boxes: list[tuple[int, int, int, bool]],
) -> None:
    """Whatever corners and lines they share, also with holes, and at any size."""
    shapes = []
    for x, y, size, is_holed in boxes:
        outer = shapely.box(x / 1e3, y / 1e3, (x + 3 * size) / 1e3, (y + 3 * size) / 1e3)
        inner = shapely.box(
            (x + size) / 1e3, (y + size) / 1e3, (x + 2 * size) / 1e3, (y + 2 * size) / 1e3
        )
        shapes.append(outer - inner if is_holed else outer)

    for shape, (rings,) in zip(shapes, read_back(arcs.written(shapes)), strict=True):
        assert shapely.Polygon(rings[0], rings[1:]).symmetric_difference(shape).area < 1e-12


def test_points_and_lines_and_nothing_arrive_too() -> None:
    """A table may mix them; a row without a shape stays a row."""
    island = arcs.written(
        [
            shapely.Point(69.12345, 34.5),
            shapely.LineString([(69.1, 34.5), (69.2, 34.6), (69.1, 34.6)]),
            shapely.Point(),
            shapely.MultiPoint([(69.1, 34.5), (-70.5, -34.5)]),
        ]
    )
    finest = 1 / island["per_deg"]

    point, line, nothing, points = read_back(island)
    assert nothing == []
    assert np.allclose(point[0], [[69.12345, 34.5]], atol=finest)
    assert np.allclose(line[0], [(69.1, 34.5), (69.2, 34.6), (69.1, 34.6)], atol=finest)
    assert np.allclose(np.concatenate(points), [(69.1, 34.5), (-70.5, -34.5)], atol=finest)


def test_city_keeps_five_decimals() -> None:
    """Where nothing is wide, a corner keeps about a metre."""
    island = arcs.written([shapely.Point(69.12345, 34.56789), shapely.Point(69.5, 34.5)])

    assert island["per_deg"] == 100_000
    assert read_back(island)[0][0] == [[69.12345, 34.56789]]


def test_letters_mean_nothing_to_html_json_or_templates() -> None:
    """What is written needs no escaping, so it stays as short as it is."""
    assert maps.escape_json(arcs.LETTERS) == f'"{arcs.LETTERS}"'
    assert len(set(arcs.LETTERS)) == 82


def test_cells_are_text_and_what_is_missing_is_nothing() -> None:
    """Numbers, dates and lists are written out; NaN, None and NaT are not."""
    rows = table(shapely.Point(69.1, 34.5), None)
    rows["count"] = [1.5, float("nan")]
    rows["when"] = np.array(["2023-05-08", "NaT"], dtype="datetime64[s]")
    island = island_of(maps.seal(maps.features_map(rows, title="Some rows")))

    assert island["columns"] == ["name", "count", "when"]
    assert island["rows"] == [["row 0", "1.5", "2023-05-08 00:00:00"], ["row 1", None, None]]
    assert island["shapes"][1] == []


def test_what_cannot_be_drawn_is_refused() -> None:
    """Another CRS, a column that is not there, a collection, a layer that is none."""
    rows = table(shapely.Point(69.1, 34.5))
    with pytest.raises(InputError, match=r"EPSG:4326.*to_crs"):
        maps.features_map(rows.to_crs("EPSG:32642"), title="x")
    with pytest.raises(InputError, match="no column 'names'"):
        maps.features_map(rows, title="x", name="names")
    with pytest.raises(InputError, match="GeometryCollection"):
        maps.features_map(table(shapely.GeometryCollection([shapely.Point(1, 1)])), title="x")
    with pytest.raises(InputError, match="roads"):
        maps.features_map(rows, title="x", lines=["roads"])


def test_lines_around_come_with_their_edition_and_caveat() -> None:
    """Police-district lines are never drawn without what must be said of them."""
    rows = table(shapely.Point(69.1, 34.5), shapely.Point(69.2, 34.55))
    island = island_of(maps.seal(maps.features_map(rows, title="x", lines=["police-districts"])))

    assert [layer["id"] for layer in island["layers"]] == ["police-districts"]
    assert island["editions"][0]["caveat"] == "approximate, computed from labelled localities"


@pytest.mark.browser
def test_click_and_search_say_what_a_row_holds(chromium: Browser, tmp_path: Path) -> None:
    """A polygon, a line and a point, each clicked where it is; one found by its name."""
    rows = table(
        shapely.box(69.1, 34.45, 69.2, 34.5),
        shapely.LineString([(69.1, 34.6), (69.3, 34.6)]),
        shapely.Point(69.27, 34.48),
        shapely.box(69.11, 34.46, 69.14, 34.49),
    )
    rows["said"] = ["<b>a</b>", "{{ b }}", "کابل", "on top"]
    page = maps.seal(maps.features_map(rows, title="Rows", credit="Somebody, CC BY"))
    spots = [(69.17, 34.47), (69.2, 34.6), (69.27, 34.48), (69.12, 34.47)]

    with visit(chromium, tmp_path, page) as seen:
        for (lon, lat), said in zip(spots, rows["said"], strict=True):
            at = seen.page.evaluate(
                "([lat, lon]) => { const map = map_features, box = map.getContainer()"
                ".getBoundingClientRect(), { x, y } = map.latLngToContainerPoint([lat, lon]);"
                " return [box.left + x, box.top + y]; }",
                [lat, lon],
            )
            seen.page.mouse.click(*at)
            assert seen.page.locator(".leaflet-popup dd").inner_text() == said
            seen.page.locator(".leaflet-popup-close-button").click()
            seen.page.locator(".leaflet-popup").wait_for(state="detached")
        seen.page.locator("#tools input").first.fill("row 2")
        seen.page.keyboard.press("ArrowDown")
        seen.page.keyboard.press("Enter")
        assert seen.page.locator(".leaflet-popup h2").inner_text() == "row 2"
        assert "Somebody, CC BY" in seen.page.locator("#credit").inner_text()
        seen.check()


@pytest.mark.browser
def test_thousands_are_drawn_and_can_be_switched_off(chromium: Browser, tmp_path: Path) -> None:
    """5,000 points are on the canvas; the legend's tick takes all of them away."""
    pick = np.random.default_rng(1)
    spots = np.column_stack([pick.uniform(69, 69.4, 5000), pick.uniform(34.4, 34.6, 5000)])
    page = maps.seal(maps.features_map(table(*map(shapely.Point, spots.tolist())), title="Points"))
    inked = (
        "(() => { const paper = document.querySelector('.leaflet-overlay-pane canvas');"
        " if (!paper) return 0; const seen = paper.getContext('2d').getImageData(0, 0,"
        " paper.width, paper.height).data.filter((value, at) => at % 4 === 3 && value > 0);"
        " return seen.length / (paper.width * paper.height); })()"
    )

    with visit(chromium, tmp_path, page) as seen:
        assert 0.05 < seen.page.evaluate(inked) < 0.9
        seen.page.locator("#legend input").first.uncheck()
        assert seen.page.evaluate(inked) == 0
        seen.check()
