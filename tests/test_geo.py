"""Points, distances, grids, and every way to write a coordinate."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from geoloc import CoordinateError, Grid, InputError, geo, parse_coordinates

BAGRAMI = (69.2743, 34.4938)  # lon, lat

NOTATIONS = [
    "34.4938 69.2743",
    "34.4938, 69.2743",
    "34.4938,69.2743",
    "34.4938\t69.2743",
    "POINT(69.2743 34.4938)",
    "POINT Z (69.2743 34.4938 1800)",
    "(34.4938; 69.2743)",
    "34.4938° 69.2743°",
    "34.4938N 69.2743E",
    "N34.4938 E69.2743",
    "69.2743°E, 34.4938°N",
    "lat: 34.4938, lon: 69.2743",
    "longitude=69.2743 latitude=34.4938",
    "34,4938 69,2743",
    "34,4938; 69,2743",
    "۳۴٫۴۹۳۸، ۶۹٫۲۷۴۳",
    "٣٤٫٤٩٣٨ ٦٩٫٢٧٤٣",
    "۳۴٫۴۹۳۸ شمالی ۶۹٫۲۷۴۳ شرقی",
    "\u200f34.4938, 69.2743\u200e",
    "34°29'37.68\"N 69°16'27.48\"E",
    "34°29′37.68″ N, 69°16′27.48″ E",
    "34 29 37.68, 69 16 27.48",
    "N 34° 29.628' E 69° 16.458'",
    "34d29m37.68s N 69d16m27.48s E",
    "42SWD2518316943",
    "42S WD 25183 16943",
    "42s wd 25183 16943",
    "42S 525183 3816943",
    "42S 525183mE 3816943mN",
    "42N 525183 3816943",
    "zone 42S 525183 3816943",
    "8J6FF7VF+GP",
    "F7VF+GP Kabul",
    "F7VF+GP, Kabul, Afghanistan",
    "geo:34.4938,69.2743?z=15",
    "https://www.google.com/maps/@34.4938,69.2743,15z",
    "https://www.google.com/maps/place/X/@34.1,69.1,15z/data=!3m1!3d34.4938!4d69.2743",
    "https://www.google.com/maps/place/34%C2%B029'37.7%22N+69%C2%B016'27.5%22E/@34.1,69.1,15z",
    "https://www.google.com/maps?q=34.4938,69.2743",
    "https://maps.google.com/?q=loc:34.4938+69.2743",
    "https://www.google.com/maps/search/34.4938,+69.2743",
    "https://earth.google.com/web/@34.4938,69.2743,1800a,5000d",
    "https://www.openstreetmap.org/#map=15/34.4938/69.2743",
    "https://www.openstreetmap.org/?mlat=34.4938&mlon=69.2743#map=5/10.0/20.0",
    "https://maps.apple.com/?ll=34.4938,69.2743",
    "https://www.bing.com/maps?cp=34.4938~69.2743&lvl=15",
    "https://yandex.com/maps/?ll=69.2743%2C34.4938&z=12",
    "https://wikimapia.org/#lang=en&lat=34.4938&lon=69.2743&z=12",
]


@pytest.mark.parametrize("text", NOTATIONS)
def test_every_notation_gives_the_same_point(text: str) -> None:
    """Bagrami's centre is read within 10 m from whatever an investigator pastes."""
    lon, lat = parse_coordinates(text)
    assert Geod(ellps="WGS84").inv(lon, lat, *BAGRAMI)[2] < 10


@pytest.mark.parametrize("text", NOTATIONS)
def test_every_notation_that_is_read_is_noticed_in_a_sentence(text: str) -> None:
    """Whoever publishes words with coordinates in them is warned, however they are written."""
    assert geo.tells_position(f"A witness wrote {text} in a message.")


@pytest.mark.parametrize(
    "text",
    [
        "Three men of 34 were killed at 23:00 on 2023-05-08 in PD22, 12.5 km from Bagrami.",
        "34,500 afghanis, 65,000 people, version 3.11.7, 30.5 °C",
        "From 68.9 to 69.5 E and 34.3 to 34.8 N: all of Kabul",
        "ناحیه ۲۲، ساعت ۲۳:۰۰، ۱۸ ثور ۱۴۰۲",
        "+93 700 123 456, 10:30 W Kabul time, 45 d of 30 m",
        "",
    ],
)
def test_other_figures_are_no_position(text: str) -> None:
    """Dates, times, amounts, ages, police districts and whole tenths of a degree are none."""
    assert not geo.tells_position(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Cannot read ''"),
        ("hello", "Cannot read 'hello'"),
        ("34.5", "latitude then longitude"),
        ("69.2743,34.4938,1800", "leave the height out"),
        ("525183 3816943", "42S before it"),
        ("nan, nan", "finite number"),
        ("inf 69", "finite number"),
        ("69.1, 34.5", "did you mean 34.5, 69.1?"),
        ("69.1E... 34.5", "Cannot read"),
        ("91, 0", "no place on Earth"),
        ("0, 181", "no place on Earth"),
        ("34 70 1 69 1 1", "minutes or seconds"),
        ("34.5N 69.1N", "same axis twice"),
        ("42SWD251831694", "uneven"),
        ("42SWD 251 16943", "uneven"),
        ("99SWD2518316943", "valid MGRS"),
        ("42SWD", "no point"),
        ("42SWD21", "no point"),
        ("8J6F0000+", "no point"),
        ("34.5 30 69.1 10", "fraction"),
        ("geo:34.5,69.1;crs=EPSG:3857", "another CRS"),
        ("61S 525183 3816943", "zone 61"),
        ("F7VF+GP Herat", "full code"),
        ("https://maps.app.goo.gl/AbC", "opens no links"),
        ("https://example.org/nothing", "no coordinates"),
        ("x" * 100_000, "Cannot read"),
        ("1" * 5000, "Cannot read"),
    ],
)
def test_a_bad_coordinate_says_what_to_do(text: str, words: str) -> None:
    """One line, with the value and a way out."""
    with pytest.raises(CoordinateError, match=words.replace("?", r"\?").replace("+", r"\+")) as got:
        parse_coordinates(text)
    assert "\n" not in str(got.value)
    assert len(str(got.value)) < 400


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text gets past with anything but a point on Earth or a CoordinateError."""
    try:
        lon, lat = parse_coordinates(text)
    except CoordinateError:
        return
    assert -180 <= lon <= 180
    assert -90 <= lat <= 90


afghan_lon = st.floats(60.5, 74.9)
afghan_lat = st.floats(29.4, 38.5)


@given(afghan_lon, afghan_lat)
def test_what_is_written_is_read_back(lon: float, lat: float) -> None:
    """DMS keeps a point to 3 m and MGRS to its 1 m square, by pyproj's ruler."""
    ruler = Geod(ellps="WGS84")
    assert ruler.inv(lon, lat, *parse_coordinates(geo.format_dms(lon, lat)))[2] < 3
    assert ruler.inv(lon, lat, *parse_coordinates(geo.format_mgrs(lon, lat)))[2] < 1.5


@given(st.floats(60, 75), st.floats(29, 39))
def test_utm_agrees_with_proj(lon: float, lat: float) -> None:
    """Our series and PROJ place a point within a hundredth of a millimetre, there and back."""
    to_utm = Transformer.from_crs("EPSG:4326", "EPSG:32642", always_xy=True)
    east, north = geo.to_metres(lon, lat)
    assert math.dist((east, north), to_utm.transform(lon, lat)) < 1e-5
    assert np.allclose(geo.to_degrees(east, north), (lon, lat), rtol=0, atol=1e-10)


def test_kabul_area_is_right_to_a_tenth_of_a_percent() -> None:
    """The area of a 10 km square of UTM around Kabul agrees with the ellipsoid's."""
    square = geo.geometry_to_degrees(shapely.box(510_000, 3_810_000, 520_000, 3_820_000))
    assert geo.area_km2(square) == pytest.approx(100, rel=0.001)


@pytest.mark.parametrize(
    ("azimuth_deg", "word"), [(0, "north"), (44, "north-east"), (200, "south"), (359, "north")]
)
def test_compass_words(azimuth_deg: float, word: str) -> None:
    """An azimuth is told in one of eight words."""
    assert geo.compass(azimuth_deg) == word


def test_a_grid_covers_its_box_and_lies_on_whole_cells() -> None:
    """Every corner of the box falls in the grid, whose edges are multiples of the cell."""
    box = (69.0, 34.3, 69.5, 34.7)
    grid = Grid.covering(box, 250)
    east, north = geo.to_metres([69.0, 69.5, 69.0, 69.5], [34.3, 34.3, 34.7, 34.7])
    assert (east >= grid.west_m).all()
    assert (east <= grid.west_m + grid.cols * 250).all()
    assert (north <= grid.north_m).all()
    assert (north >= grid.north_m - grid.rows * 250).all()
    assert grid.west_m % 250 == 0
    assert grid.north_m % 250 == 0


def test_an_outline_follows_the_marked_cells() -> None:
    """Marked cells become a polygon of exactly their area, holes and corners included."""
    picture = [
        "##..",
        "#.#.",
        "###.",
    ]
    cells = np.array([[mark == "#" for mark in row] for row in picture])
    outline = Grid(500_000, 3_800_000, 100, 3, 4).outline(cells)
    assert outline.is_valid
    assert geo.geometry_to_metres(outline).area == pytest.approx(7 * 100**2, rel=1e-6)


@pytest.mark.parametrize("cell_m", [0, -5, math.nan, math.inf, 1])
def test_an_impossible_grid_is_refused(cell_m: float) -> None:
    """A cell must be positive and the grid at most four million cells."""
    with pytest.raises(InputError, match="cell"):
        Grid.covering((69.0, 34.3, 69.5, 34.7), cell_m)
