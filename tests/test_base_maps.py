"""Base maps: in the right place, small enough, read with suspicion, and telling nobody."""

from __future__ import annotations

import base64
import ctypes
import gzip
import json
import math
import re
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine
from shell import Shell

from geoloc import casebook, maps, terrain
from geoloc.casebook import Finding
from geoloc.errors import CRSError, InputError, PageError
from geoloc.maps.base import Base, base_island, pmtiles
from geoloc.terrain import Frame

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ROOT = Path(__file__).parent.parent
CASE = "2023-05-08-bagrami-pd22"
REACH = (69.15, 34.40, 69.35, 34.56)  # about 18 by 18 km, east of Kabul
MIDDLE = (69.25, 34.48)
TO_UTM = pyproj.Transformer.from_crs(4326, 32642, always_xy=True)
TO_MERCATOR = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
GEOD = pyproj.Geod(ellps="WGS84")
# A picture that has no place on the Earth, on purpose.
UNPLACED = partial(warnings.catch_warnings, action="ignore", category=NotGeoreferencedWarning)


def write(path: Path, values: Any, **settings: Any) -> Path:
    """Write a GeoTIFF; by default 30 m cells on UTM 42N whose middle is `MIDDLE`."""
    values = np.atleast_3d(np.asarray(values).T).T  # bands, rows, columns
    bands, rows, cols = values.shape
    profile = {
        "driver": "GTiff", "count": bands, "height": rows, "width": cols, "dtype": values.dtype,
        "crs": "EPSG:32642", "transform": around(MIDDLE, rows, cols, 30),
    }  # fmt: skip
    with rasterio.open(path, "w", **(profile | settings)) as raster:
        raster.write(values)
    return path


def from_origin(west: float, north: float, width: float, height: float) -> Affine:
    """Return where a raster lies whose north-west corner and cells are these."""
    return Affine(width, 0, west, 0, -height, north)


def around(middle: tuple[float, float], rows: int, cols: int, cell_m: float) -> Affine:
    """Return where a raster on UTM 42N lies whose middle is this."""
    east, north = TO_UTM.transform(*middle)
    return from_origin(east - cols / 2 * cell_m, north + rows / 2 * cell_m, cell_m, cell_m)


def frame(rows: int = 60, cols: int = 60, pixel_m: float = 40.0) -> Frame:
    """Return a frame whose middle is `MIDDLE`."""
    x, y = TO_MERCATOR.transform(*MIDDLE)
    return Frame(x - cols / 2 * pixel_m, y + rows / 2 * pixel_m, pixel_m, rows, cols)


def plane(tilt_deg: float, toward_deg: float, size: int = 120) -> np.ndarray:
    """Return heights on 30 m cells of a slope that falls toward an azimuth."""
    down, across = (np.mgrid[0:size, 0:size] - size / 2) * 30.0
    ahead = across * math.sin(math.radians(toward_deg)) - down * math.cos(math.radians(toward_deg))
    return np.asarray(4000 - math.tan(math.radians(tilt_deg)) * ahead, "float32")


# Relief


@pytest.mark.parametrize(
    ("tilt_deg", "toward_deg", "angle_deg"),
    [(0, 0, 45), (30, 315, 15), (30, 135, 75), (45, 315, 0), (50, 135, 95)],
)
def test_light_on_a_slope_is_the_cosine_of_its_angle(
    tmp_path: Path, tilt_deg: float, toward_deg: float, angle_deg: float
) -> None:
    """A slope of 30° that faces light at 45° is lit under 15°; one turned away is dark."""
    path = write(tmp_path / "dem.tif", plane(tilt_deg, toward_deg))
    where = frame()
    light = terrain.shade(terrain.read_dem(path, where.wider()), where)
    assert light == pytest.approx(max(0, math.cos(math.radians(angle_deg))), abs=0.004)


def test_shade_is_gdals(tmp_path: Path) -> None:
    """GDAL's own hillshade, told how long a Mercator metre is, differs by 1 of 255 at most."""
    hillshade = gdal_hillshade()
    rng = np.random.default_rng(1)
    coarse = rng.normal(0, 60, (12, 12)).cumsum(0).cumsum(1)
    rough = np.kron(coarse, np.ones((17, 17))) + rng.normal(0, 4, (204, 204))
    path = write(tmp_path / "dem.tif", (2500 + rough).clip(0, 8000).astype("float32"))
    where = frame()
    heights = terrain.read_dem(path, where.wider())
    light = terrain.shade(heights, where)

    west, _, east, _ = where.box
    metre_m = GEOD.inv(west, MIDDLE[1], east, MIDDLE[1])[2] / (where.cols * where.pixel_m)
    theirs = hillshade(tmp_path, heights, where.pixel_m, 1 / metre_m)[1:-1, 1:-1]
    ours = 1 + 254 * light
    assert np.abs(ours - theirs).max() < 1.6  # theirs is a whole number
    assert np.std(theirs) > 20


def gdal_hillshade() -> Callable[[Path, np.ndarray, float, float], np.ndarray]:
    """Return `gdaldem hillshade` out of the GDAL that rasterio's wheel carries."""
    found = sorted(Path(rasterio.__file__).parent.parent.glob("rasterio.libs/libgdal*"))
    if not found:
        pytest.skip("this rasterio carries no GDAL of its own to compare with")
    gdal = ctypes.CDLL(str(found[0]))
    for name in ("GDALDEMProcessingOptionsNew", "GDALDEMProcessing", "GDALOpen"):
        getattr(gdal, name).restype = ctypes.c_void_p
    gdal.GDALDEMProcessing.argtypes = [
        ctypes.c_char_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p,
        ctypes.c_void_p,
    ]  # fmt: skip
    gdal.GDALDEMProcessingOptionsNew.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    gdal.GDALClose.argtypes = [ctypes.c_void_p]

    def run(folder: Path, heights: np.ndarray, pixel_m: float, factor: float) -> np.ndarray:
        corner = from_origin(0, 0, pixel_m, pixel_m)
        source, target = write(folder / "in.tif", heights, transform=corner), folder / "out.tif"
        words = [b"-z", str(factor).encode(), b"-az", b"315", b"-alt", b"45", None]
        options = gdal.GDALDEMProcessingOptionsNew((ctypes.c_char_p * len(words))(*words), None)
        gdal.GDALAllRegister()
        opened = gdal.GDALOpen(str(source).encode(), 0)
        done = gdal.GDALDEMProcessing(
            str(target).encode(), opened, b"hillshade", None, options, None
        )
        gdal.GDALClose(done)
        gdal.GDALClose(opened)
        with rasterio.open(target) as raster:
            return np.asarray(raster.read(1).astype(float))

    return run


def test_a_pixel_is_as_large_as_the_ground_under_it() -> None:
    """The sides of a pixel by geodesics between its edges, and the frame's corners by PROJ."""
    where = frame(rows=3, cols=3, pixel_m=1000)
    west, south, east, north = where.box
    wide_m, high_m = (float(side[1, 0]) for side in where.sides_m())
    assert wide_m == pytest.approx(GEOD.inv(west, MIDDLE[1], east, MIDDLE[1])[2] / 3, rel=1e-5)
    assert high_m == pytest.approx(GEOD.inv(west, south, west, north)[2] / 3, rel=1e-5)
    left, bottom = TO_MERCATOR.transform(west, south)
    right, top = TO_MERCATOR.transform(east, north)
    assert (left, top) == pytest.approx((where.west_m, where.north_m))
    assert (right - left, top - bottom) == pytest.approx((3000, 3000))


def test_relief_is_the_same_from_any_crs(tmp_path: Path) -> None:
    """One hill stored in UTM and in degrees throws one shade: slopes are of the ground."""
    lon, lat = np.meshgrid(
        69.19 + (np.arange(360) + 0.5) / 3600, 34.53 - (np.arange(360) + 0.5) / 3600
    )
    utm = around(MIDDLE, 360, 360, 25)
    down, across = np.mgrid[0:360, 0:360] + 0.5
    east, north = utm @ (across, down)
    back = pyproj.Transformer.from_crs(32642, 4326, always_xy=True)

    def hill(lon: Any, lat: Any) -> np.ndarray:
        _, _, away = GEOD.inv(np.full_like(lon, 69.25), np.full_like(lat, 34.48), lon, lat)
        return np.asarray(2000 + 1200 * np.exp(-((away / 1500) ** 2))).astype("float32")

    degrees = write(
        tmp_path / "deg.tif", hill(lon, lat), crs="EPSG:4326",
        transform=from_origin(69.19, 34.53, 1 / 3600, 1 / 3600),
    )  # fmt: skip
    metres = write(tmp_path / "utm.tif", hill(*back.transform(east, north)), transform=utm)
    where = frame(rows=80, cols=80, pixel_m=45)
    one, other = (
        terrain.shade(terrain.read_dem(path, where.wider()), where) for path in (degrees, metres)
    )
    assert np.ptp(one) > 0.5
    assert one == pytest.approx(other, abs=0.02)


def test_feet_are_heights_too(tmp_path: Path) -> None:
    """A file that says `ft` is the same ground; one that only looks like it is refused."""
    metres = write(tmp_path / "m.tif", plane(10, 90))
    feet = write(tmp_path / "ft.tif", plane(10, 90) / 0.3048)
    where = frame()
    with pytest.raises(InputError, match=r"no metres on Earth\. If they are feet"):
        terrain.read_dem(feet, where)
    with rasterio.open(feet, "r+") as raster:
        raster.units = ("ft",)
    assert terrain.read_dem(feet, where) == pytest.approx(terrain.read_dem(metres, where), abs=0.01)
    with rasterio.open(feet, "r+") as raster:
        raster.units = ("K",)
    with pytest.raises(InputError, match="values are in 'k'; heights are in metres or feet"):
        terrain.read_dem(feet, where)


def test_ground_without_a_height_is_left_clear(tmp_path: Path) -> None:
    """Nodata and NaN become transparent, and no cliff is drawn around them."""
    heights = plane(0, 0)
    heights[55:65, 55:65] = -9999
    heights[35:40, 35:40] = np.nan
    path = write(tmp_path / "dem.tif", heights, nodata=-9999)
    where = frame(rows=80, cols=80)
    light = terrain.shade(terrain.read_dem(path, where.wider()), where)
    assert np.isnan(light[40, 40])
    assert np.isnan(light[20, 20])
    assert np.isnan(light).mean() < 0.1
    assert light[~np.isnan(light)] == pytest.approx(math.sqrt(0.5), abs=0.001)


# Pictures in the right place

MARKS = [(69.20, 34.45), (69.30, 34.45), (69.20, 34.52), (69.30, 34.52), (69.2471, 34.4836)]


def rotated(middle: tuple[float, float], rows: int, cols: int, cell_m: float) -> Affine:
    """Return a raster turned by 30° around its middle, on UTM 42N."""
    east, north = TO_UTM.transform(*middle)
    turned = Affine.translation(east, north) @ Affine.rotation(30)
    return turned @ Affine.scale(cell_m, -cell_m) @ Affine.translation(-cols / 2, -rows / 2)


def placements(rows: int, cols: int) -> dict[str, tuple[int, Affine]]:
    """Return a CRS and a place for a raster that spans all marks, four ways."""
    x, y = TO_MERCATOR.transform(*MIDDLE)
    return {
        "utm": (32642, around(MIDDLE, rows, cols, 20)),
        "degrees": (4326, from_origin(69.25 - cols * 1e-4, 34.48 + rows * 1e-4, 2e-4, 2e-4)),
        "mercator": (3857, from_origin(x - cols * 12, y + rows * 12, 24, 24)),
        "rotated": (32642, rotated(MIDDLE, rows, cols, 20)),
    }


def marked(path: Path, placed: str, size: int = 900) -> Path:
    """Write a white picture with a red disc of 5 cells at each mark, placed by PROJ."""
    epsg, transform = placements(size, size)[placed]
    to = pyproj.Transformer.from_crs(4326, epsg, always_xy=True)
    colours = np.full((3, size, size), 255, "uint8")
    down, across = np.mgrid[0:size, 0:size] + 0.5
    for mark in MARKS:
        column, row = ~transform @ to.transform(*mark)
        assert 6 < column < size - 6
        assert 6 < row < size - 6
        disc = np.hypot(across - column, down - row) < 5
        colours[:, disc] = [[230], [0], [0]]
    return write(path, colours, crs=f"EPSG:{epsg}", transform=transform, photometric="RGB")


@pytest.mark.parametrize("placed", ["utm", "degrees", "mercator", "rotated"])
def test_a_mark_is_read_where_it_lies(tmp_path: Path, placed: str) -> None:
    """The middle of each disc is within half a pixel of where PROJ puts the mark."""
    path = marked(tmp_path / "marks.tif", placed)
    where = terrain.frame_over(path, REACH)
    colours, stretched = terrain.read_picture(path, where)
    assert not stretched
    red = (colours[0] > 200) & (colours[1] < 128) & (colours[3] > 0)
    rows, cols = np.nonzero(red)
    for mark in MARKS:
        x, y = TO_MERCATOR.transform(*mark)
        column, row = ~where.transform @ (x, y)
        near = np.hypot(cols + 0.5 - column, rows + 0.5 - row) < 12
        assert near.sum() > 40
        off = np.hypot(cols[near].mean() + 0.5 - column, rows[near].mean() + 0.5 - row)
        assert off < 0.5


def test_the_window_is_the_reach_and_no_more(tmp_path: Path) -> None:
    """A file larger than the page gives the page's ground; a smaller one only its own."""
    large = write(
        tmp_path / "large.tif",
        np.ones((900, 900), "uint8"),
        transform=around(MIDDLE, 900, 900, 100),
    )
    assert terrain.frame_over(large, REACH).box == pytest.approx(REACH, abs=2e-3)
    small = write(tmp_path / "small.tif", np.ones((50, 50), "uint8"))
    west, _, east, _ = terrain.frame_over(small, REACH).box
    assert east - west == pytest.approx(1500 / 91_800, rel=0.05)


# Pictures of every kind


def ramp(low: float, high: float, size: int = 120) -> np.ndarray:
    """Return values that rise evenly from west to east."""
    return np.tile(np.linspace(low, high, size), (size, 1))


def seen(path: Path) -> np.ndarray:
    """Return the colours of a file over `REACH`, bands first."""
    return terrain.read_picture(path, terrain.frame_over(path, REACH))[0]


def test_sixteen_bits_are_stretched_between_their_2nd_and_98th_percent(tmp_path: Path) -> None:
    """A few odd values at the ends do not darken the rest, and all bands are stretched alike."""
    values = np.stack([ramp(1000, 3000), ramp(1000, 2000), ramp(1000, 1500)]).astype("uint16")
    values[:, :2, :2] = 60_000
    path = write(tmp_path / "sat.tif", values, photometric="RGB")
    colours, stretched = terrain.read_picture(path, terrain.frame_over(path, REACH))
    assert stretched
    inside = colours[:3, 10:-10, 5:-5].astype(float)
    low, high = np.percentile(values, (2, 98))
    middle = inside[:, inside.shape[1] // 2, inside.shape[2] // 2]
    expected = (np.array([2000, 1500, 1250]) - low) / (high - low) * 255
    assert middle == pytest.approx(expected, abs=4)


def test_a_palette_keeps_its_colours(tmp_path: Path) -> None:
    """Classes are looked up, never mixed into classes that are not there."""
    values = np.where(np.arange(120) < 60, 3, 200) * np.ones((120, 1))
    path = tmp_path / "classes.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=120, width=120, dtype="uint8",
        crs="EPSG:32642", transform=around(MIDDLE, 120, 120, 30), photometric="palette",
    ) as raster:  # fmt: skip
        raster.write(values.astype("uint8"), 1)
        raster.write_colormap(1, {3: (10, 120, 30, 255), 200: (240, 200, 90, 255)})
    colours = seen(path)
    shown = {tuple(colour) for colour in colours[:3, colours[3] > 0].T.tolist()}
    assert shown == {(10, 120, 30), (240, 200, 90)}


def test_nothing_is_drawn_where_the_file_has_no_value(tmp_path: Path) -> None:
    """Nodata, an alpha band and NaN are all clear; the rest is not."""
    grey = np.full((120, 120), 90, "uint8")
    grey[40:80, 40:80] = 0
    alpha = np.where(grey, 255, 0).astype("uint8")
    bare = write(tmp_path / "nodata.tif", grey, nodata=0)
    rgb = np.stack([grey, grey, grey, alpha])
    four = write(tmp_path / "rgba.tif", rgb, photometric="RGB", alpha="YES")
    two = write(tmp_path / "ga.tif", np.stack([grey, alpha]), alpha="YES")
    holes = np.where(grey, ramp(0, 1), np.nan).astype("float32")
    for path in (bare, four, two, write(tmp_path / "nan.tif", holes)):
        colours = seen(path)
        middle = colours.shape[1] // 2
        assert colours[3, middle, middle] == 0, path.name
        assert colours[3, middle // 3, middle // 3] == 255, path.name


def test_of_many_bands_those_called_red_green_and_blue_are_taken(tmp_path: Path) -> None:
    """Sixteen bands are no picture, until the file says which three of them are."""
    values = np.zeros((16, 60, 60), "uint8")
    values[3], values[2], values[1] = 200, 100, 50
    path = write(tmp_path / "many.tif", values)
    with pytest.raises(InputError, match=r"has 16 bands and does not say which are red"):
        seen(path)
    with rasterio.open(path, "r+") as raster:
        meant = [ColorInterp.undefined] * 16
        meant[3], meant[2], meant[1] = ColorInterp.red, ColorInterp.green, ColorInterp.blue
        raster.colorinterp = meant
    assert seen(path)[:3, 20, 20].tolist() == [200, 100, 50]


def test_a_huge_file_is_read_in_little_memory(tmp_path: Path) -> None:
    """Of ten gigapixels the page's part is read; the rest stays on the disk."""
    path = tmp_path / "huge.tif"
    profile = {
        "driver": "GTiff", "count": 3, "height": 100_000, "width": 100_000, "dtype": "uint8",
        "crs": "EPSG:32642", "transform": around(MIDDLE, 100_000, 100_000, 0.5), "tiled": True,
        "sparse_ok": True, "BIGTIFF": "YES", "photometric": "RGB",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(
            np.full((3, 512, 512), 90, "uint8"), window=((49_920, 50_432), (49_920, 50_432))
        )
    script = (
        "import resource, sys; from geoloc import terrain\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "reach = (69.249, 34.479, 69.251, 34.481)\n"
        "terrain.read_picture(sys.argv[1], terrain.frame_over(sys.argv[1], reach))\n"
        "before, reach = peak(), (69.23, 34.46, 69.27, 34.50)\n"
        "found = terrain.read_picture(sys.argv[1], terrain.frame_over(sys.argv[1], reach))[0]\n"
        "print(found.shape[1] * found.shape[2], peak() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    pixels, more_mb = map(int, done.stdout.split())
    assert 4_000_000 < pixels <= 9_000_000
    assert more_mb < 500


# What is refused, each in one line


def cut(path: Path) -> Path:
    """Cut a file in two and keep the first half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def hostile_files(folder: Path) -> dict[str, tuple[str, str]]:
    """Return what a user can get wrong: the base map, and what the error must say."""
    flat = np.full((60, 60), 100, "uint8")
    heights = plane(5, 90)
    text = folder / "text.tif"
    text.write_text("this is no picture")
    archive = folder / "text.pmtiles"
    archive.write_text("this is no archive")
    vrt = folder / "vrt.tif"
    vrt.write_text(
        '<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand dataType="Byte" band="1">'
        "<SimpleSource><SourceFilename>/etc/hostname</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )
    herat = write(folder / "herat.tif", flat, transform=around((62.2, 34.35), 60, 60, 30))
    nan = np.full((60, 60), np.nan, "float32")
    torn = write(folder / "torn.tif", np.random.default_rng(0).integers(0, 255, (90, 90), "uint8"))
    nowhere = write(folder / "nowhere.tif", flat, transform=from_origin(1e12, 1e12, 30, 30))
    north = from_origin(10, 89, 0.001, 0.001)
    pole = write(folder / "pole.tif", flat, crs="EPSG:4326", transform=north)
    with UNPLACED():
        unplaced = write(folder / "unplaced.tif", flat, transform=Affine.identity())
    return {
        "missing": ("no-such.tif", "does not exist, or is no file"),
        "no raster": (str(text), "cannot be read as a GeoTIFF"),
        "vrt": (str(vrt), "cannot be read as a GeoTIFF"),
        "address": ("/vsicurl/http://127.0.0.1:9/x.tif", "is no file on this machine"),
        "url": ("https://example.org/x.tif", "is no file on this machine"),
        "no crs": (str(write(folder / "bare.tif", flat, crs=None)), "has no CRS"),
        "elsewhere": (str(herat), "km from the middle of this map"),
        "nowhere": (str(nowhere), "cannot be read as a GeoTIFF of this ground"),
        "pole": (str(pole), "lies nowhere that a map like this shows"),
        "unplaced": (str(unplaced), "does not say where in it it lies"),
        "one pixel": (str(write(folder / "one.tif", flat[:1, :1])), "is 1 × 1 pixels large"),
        "no value": (str(write(folder / "nan.tif", nan)), "has no value within this map"),
        "no height": (f"relief:{folder / 'nan.tif'}", "has no height within this map"),
        "many bands": (
            str(write(folder / "many.tif", np.ones((16, 60, 60), "uint8"))), "has 16 bands",
        ),
        "relief of a picture": (
            f"relief:{write(folder / 'rgb.tif', np.ones((3, 60, 60), 'uint8'))}", "one band of",
        ),
        "complex": (str(write(folder / "c.tif", flat.astype("complex64"))), "complex numbers"),
        "feet": (f"relief:{write(folder / 'feet.tif', heights / 0.3048)}", "no metres on Earth"),
        "truncated": (str(cut(torn)), "cannot be read as a GeoTIFF"),
        "no archive": (str(archive), "is no PMTiles archive"),
        "unknown kind": ("picture.jpg", "is no base map; write none, relief:FILE"),
        "empty": ("", "is no base map"),
        "unknown server": ("tiles:googel", "choose one of osm, opentopomap, sentinel2"),
    }  # fmt: skip


def test_what_cannot_be_drawn_is_refused_in_one_clear_line(tmp_path: Path) -> None:
    """Each wrong file is named with what is wrong with it."""
    for name, (source, said) in hostile_files(tmp_path).items():
        with pytest.raises(InputError) as refused:
            base_island(source, REACH)
        assert said in str(refused.value), name
        assert "\n" not in str(refused.value), name


def test_the_command_ends_with_status_2_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on standard error, no traceback, no page."""
    shell = Shell(monkeypatch, capsys)
    page = tmp_path / "x.html"
    bare = write(tmp_path / "bare.tif", np.ones((9, 9), "uint8"), crs=None)
    for options, said in {
        ("--base", str(bare)): "has no CRS",
        ("--base", "relief:none.tif"): "does not exist",
        ("--tiles", "googel"): "choose one of osm, opentopomap, sentinel2",
        ("--tiles", "osm", "--base", "x.tif"): "Choose one background",
        ("--base", "x.tif", "--base-budget", "0"): "20 to 50,000 kB of a page, got 0",
    }.items():
        done = shell("map", CASE, *options, "-o", page)
        assert (done.status, done.out) == (2, ""), options
        assert done.err.count("\n") == 1
        assert said in done.err
    assert not page.exists()


def test_a_file_elsewhere_says_how_far(tmp_path: Path) -> None:
    """Herat's picture over Kabul's map: 647 km by a geodesic."""
    herat = (62.2, 34.35)
    path = write(
        tmp_path / "herat.tif", np.ones((60, 60), "uint8"), transform=around(herat, 60, 60, 30)
    )
    away = GEOD.inv(*herat, *MIDDLE)[2] / 1000
    with pytest.raises(InputError, match=rf"34\.35, 62\.20 .*, {away:.0f} km from"):
        terrain.frame_over(path, REACH)


def test_no_crs_is_a_crs_error(tmp_path: Path) -> None:
    """The error of a file without a CRS is the one that other commands raise too."""
    with pytest.raises(CRSError, match="has no CRS"):
        base_island(str(write(tmp_path / "x.tif", np.ones((9, 9), "uint8"), crs=None)), REACH)


# Within the budget, and nothing else in it


def noise(path: Path, size: int = 1600) -> Path:
    """Write a picture that compresses badly, on 12 m cells."""
    rng = np.random.default_rng(7)
    values = rng.integers(0, 255, (3, size, size), "uint8")
    values[:, :, : size // 3] //= 4
    return write(path, values, transform=around(MIDDLE, size, size, 12), photometric="RGB")


def test_a_picture_fits_the_budget_and_uses_it(tmp_path: Path) -> None:
    """With more room the same ground comes in finer pixels; at least half of the room is used."""
    path = str(noise(tmp_path / "noise.tif"))
    fine = {}
    for budget_kb in (20, 100, 600):
        told = base_island(Base(path, budget_kb=budget_kb), REACH)
        assert told is not None
        assert 0.5 < len(told["picture"]) / (1000 * budget_kb) <= 1
        fine[budget_kb] = told["pixel_m"]
    assert fine[20] > 1.5 * fine[100] > 1.5 * fine[600]


def chunks_of(webp: bytes) -> list[str]:
    """Return the names of the parts of a WebP file."""
    assert (webp[:4], webp[8:12]) == (b"RIFF", b"WEBP")
    names, at = [], 12
    while at < len(webp):
        names.append(webp[at : at + 4].decode())
        at += 8 + (int.from_bytes(webp[at + 4 : at + 8], "little") + 1) // 2 * 2
    return names


def test_nothing_but_pixels_leaves_the_file(tmp_path: Path) -> None:
    """Its name, its tags and its place are in no part of what the page gets."""
    hostile = "{{ 7*7 }}</script><img src=x onerror=alert(1)>"
    path = noise(tmp_path / "raid-of-informant.tif", 300)
    with rasterio.open(path, "r+") as raster:
        raster.update_tags(TIFFTAG_ARTIST=hostile, TIFFTAG_DATETIME="2023:05:08 20:00:00")
        raster.update_tags(1, where=hostile)
        raster.set_band_description(1, hostile)
    told = base_island(str(path), REACH)
    assert told is not None
    picture = base64.b64decode(told["picture"])
    assert chunks_of(picture) in (["VP8 "], ["VP8X", "ALPH", "VP8 "])
    whole = json.dumps(told) + picture.decode("latin-1")
    for word in ("informant", "7*7", "2023:05", "onerror", "EPSG", "WGS"):
        assert word not in whole
    assert told == base_island(str(path), REACH)


# Archives of tiles

PUBLISHED = {  # tile ids as the specification of PMTiles gives them
    (0, 0, 0): 0, (1, 0, 0): 1, (1, 0, 1): 2, (1, 1, 1): 3, (1, 1, 0): 4, (2, 0, 0): 5,
    (12, 3423, 1763): 19_078_479,
}  # fmt: skip


def test_tiles_are_numbered_as_published() -> None:
    """The specification's own examples, and each tile of zooms 0 to 5 has a number of its own."""
    assert {tile: pmtiles.tile_number(*tile) for tile in PUBLISHED} == PUBLISHED
    numbers = [
        pmtiles.tile_number(zoom, column, row)
        for zoom in range(6)
        for column in range(2**zoom)
        for row in range(2**zoom)
    ]
    assert sorted(numbers) == list(range(len(numbers)))


def test_neighbours_on_the_curve_are_neighbours_on_the_map() -> None:
    """A Hilbert curve goes from each tile to one beside it."""
    tiles = {
        pmtiles.tile_number(5, column, row): (column, row)
        for column in range(32)
        for row in range(32)
    }
    way = [tiles[number] for number in sorted(tiles)]
    steps = [abs(a - c) + abs(b - d) for (a, b), (c, d) in pairwise(way)]
    assert set(steps) == {1}


def tile_picture(column: int, row: int, kind: str = "PNG") -> bytes:
    """Return a tile of 256 pixels in a colour of its own, with a black frame."""
    colours = np.empty((3, 256, 256), "uint8")
    colours[:] = np.array([60 + 30 * (column % 6), 60 + 30 * (row % 6), 120])[:, None, None]
    colours[:, :4] = colours[:, -4:] = colours[:, :, :4] = colours[:, :, -4:] = 0
    with UNPLACED(), rasterio.MemoryFile() as memory:
        with memory.open(driver=kind, width=256, height=256, count=3, dtype="uint8") as out:
            out.write(colours)
        return bytes(memory.getbuffer())


def pixels(picture: bytes, kind: str) -> np.ndarray:
    """Return the colours of a picture, bands first."""
    with UNPLACED(), rasterio.MemoryFile(picture) as memory, memory.open(driver=kind) as opened:
        return np.asarray(opened.read().astype(int))


def varints(*numbers: int) -> bytes:
    """Return numbers as a directory holds them."""
    out = bytearray()
    for number in numbers:
        rest = number
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def directory(entries: list[tuple[int, int, int, int]]) -> bytes:
    """Return a packed directory of (id, run, length, offset), columns as the format has them."""
    ids = [entry[0] for entry in entries]
    steps = [now - before for before, now in zip([0, *ids], ids, strict=False)]
    runs, lengths = [entry[1] for entry in entries], [entry[2] for entry in entries]
    places = [entry[3] + 1 for entry in entries]
    return gzip.compress(varints(len(entries), *steps, *runs, *lengths, *places), mtime=0)


def archive(
    path: Path,
    zooms: tuple[int, int] = (10, 12),
    kind: str = "PNG",
    *,
    credit: str = '<a href="https://example.org">© Example</a> &amp; others, ODbL',
    reach: tuple[float, float, float, float] = REACH,
    root: bytes | None = None,
    leaf: bytes | None = None,
    **changed: int,
) -> Path:
    """Write an archive of all tiles within reach, its directory one level down."""
    numbers = {"PNG": 2, "JPEG": 3, "WEBP": 4}
    tiles, entries = bytearray(), []
    for zoom in range(zooms[0], zooms[1] + 1):
        west, north = mercantile_tile(reach[0], reach[3], zoom)
        east, south = mercantile_tile(reach[2], reach[1], zoom)
        for column in range(west, east + 1):
            for row in range(north, south + 1):
                picture = tile_picture(column, row, kind)
                number = pmtiles.tile_number(zoom, column, row)
                entries.append((number, 1, len(picture), len(tiles)))
                tiles += picture
    entries.sort()
    leaf = leaf or directory(entries)
    root = root or directory([(entries[0][0], 0, len(leaf), 0)])
    about = gzip.compress(json.dumps({"attribution": credit, "name": "raid"}).encode(), mtime=0)
    at = [127, 127 + len(root), 127 + len(root) + len(about)]
    at.append(at[-1] + len(leaf))
    sizes = [len(root), len(about), len(leaf), len(tiles)]
    header = bytearray(b"PMTiles\x03")
    for pair in zip(at, sizes, strict=True):
        header += struct.pack("<2Q", *pair)
    header += struct.pack("<3Q", len(entries), len(entries), len(entries))
    header += bytes([1, 2, 1, numbers[kind], *zooms])
    header += struct.pack("<4i", *(round(edge * 1e7) for edge in reach))
    header += struct.pack("<B2i", zooms[0], 0, 0)
    for name, place in {"version": 7, "packing": 97, "type": 99, "zoom": 101}.items():
        if name in changed:
            header[place] = changed[name]
    path.write_bytes(bytes(header) + root + about + leaf + bytes(tiles))
    return path


def mercantile_tile(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Return the tile of a point, from PROJ's Web Mercator."""
    x, y = TO_MERCATOR.transform(lon, lat)
    half = math.pi * 6_378_137
    return int((x + half) / (2 * half) * 2**zoom), int((half - y) / (2 * half) * 2**zoom)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_tiles_of_every_picture_kind_are_taken(tmp_path: Path, kind: str) -> None:
    """Each tile is in the page, in its place, as plain WebP."""
    path = archive(tmp_path / "tiles.pmtiles", kind=kind)
    told = base_island(str(path), REACH)
    assert told is not None
    assert told["zooms"] == [11, 12]  # at zoom 10 the reach is a third of a tile
    assert told["credit"] == "© Example & others, ODbL"
    assert "raid" not in json.dumps(told)
    for place, number in told["places"].items():
        _, column, row = map(int, place.split("/"))
        picture = base64.b64decode(told["pictures"][number])
        assert chunks_of(picture) == ["VP8 "]
        shown = pixels(picture, "WEBP")[:, 128, 128]
        assert shown == pytest.approx([60 + 30 * (column % 6), 60 + 30 * (row % 6), 120], abs=6)
    west, north = mercantile_tile(REACH[0], REACH[3], 12)
    assert f"12/{west}/{north}" in told["places"]


def test_a_smaller_budget_takes_fewer_zooms(tmp_path: Path) -> None:
    """A zoom is taken whole or not at all; where not even one fits, the error says so."""
    path = archive(tmp_path / "tiles.pmtiles", (10, 14))
    whole = base_island(str(path), REACH)
    assert whole is not None
    assert whole["zooms"] == [11, 14]
    part = base_island(Base(str(path), budget_kb=60), REACH)
    assert part is not None
    assert part["zooms"][1] < 14
    assert sum(map(len, part["pictures"])) <= 60_000
    closest = archive(tmp_path / "closest.pmtiles", (15, 15))
    with pytest.raises(InputError, match=r"tiles of zoom 15 within this map than its budget"):
        base_island(Base(str(closest), budget_kb=20), REACH)


def test_an_archive_elsewhere_says_where(tmp_path: Path) -> None:
    """The error gives both boxes."""
    path = archive(tmp_path / "tiles.pmtiles")
    with pytest.raises(InputError, match=r"no tile within this map: .* 34\.40 to 34\.56 north"):
        base_island(str(path), (62.0, 34.2, 62.4, 34.5))


def test_hostile_archives_are_refused_in_bounds(tmp_path: Path) -> None:
    """Bombs, loops, lies about counts and vector tiles: one line each, at once."""
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    million = gzip.compress(varints(900_000, 1) + bytes(20), mtime=0)
    endless = gzip.compress(b"\xff" * 40, mtime=0)
    whole = archive(tmp_path / "whole.pmtiles").read_bytes()
    deep = directory([(0, 0, 31, 0)])
    trouble = {
        "version": (archive(tmp_path / "a.pmtiles", version=2), "PMTiles version 2"),
        "vector": (archive(tmp_path / "b.pmtiles", type=1), "holds vector tiles; geoloc draws"),
        "avif": (archive(tmp_path / "c.pmtiles", type=5), "holds AVIF pictures"),
        "brotli": (archive(tmp_path / "d.pmtiles", packing=3), "does not read (3: brotli"),
        "zoom": (archive(tmp_path / "e.pmtiles", zoom=200), "it has zooms 10 to 200"),
        "bomb": (archive(tmp_path / "f.pmtiles", root=bomb), "beyond 16,384 bytes"),
        "leaf bomb": (archive(tmp_path / "g.pmtiles", leaf=bomb), "unpacks to more than 8,000,000"),
        "count": (archive(tmp_path / "h.pmtiles", root=million), "says that it has 900,000"),
        "endless": (archive(tmp_path / "i.pmtiles", root=endless), "number in a directory has no"),
        "loop": (
            archive(tmp_path / "j.pmtiles", root=directory([(0, 0, len(deep), 0)]), leaf=deep),
            "more than 4 deep",
        ),
        "outside": (
            archive(tmp_path / "k.pmtiles", root=directory([(0, 1 << 30, 90, 1 << 40)])),
            "a tile lies outside its section",
        ),
        "huge tile": (
            archive(tmp_path / "l.pmtiles", leaf=directory([(0, 1 << 30, 1 << 31, 0)])),
            "a tile lies outside its section",
        ),
        "kind": (archive(tmp_path / "m.pmtiles", type=3), "a tile is no JPEG picture"),
    }  # fmt: skip
    short = tmp_path / "short.pmtiles"
    short.write_bytes(whole[: len(whole) // 2])
    trouble["short"] = (short, "is cut off")
    for name, (path, said) in trouble.items():
        with pytest.raises(InputError) as refused:
            base_island(str(path), REACH)
        assert said in str(refused.value), name


@pytest.mark.parametrize("count", [300, pytest.param(5_000, marks=pytest.mark.long)])
def test_a_spoilt_archive_never_fails_otherwise(tmp_path: Path, count: int) -> None:
    """Bytes changed at random give a map or an error of ours, whatever they were."""
    rng = np.random.default_rng(5)
    whole = archive(tmp_path / "whole.pmtiles", (10, 11)).read_bytes()
    spoilt = tmp_path / "spoilt.pmtiles"
    refused = 0
    for _ in range(count):
        content = bytearray(whole)
        reach = 127 if rng.random() < 0.5 else len(content)
        for at in rng.integers(0, reach, rng.integers(1, 6)):
            content[at] = rng.integers(256)
        spoilt.write_bytes(content)
        try:
            base_island(Base(str(spoilt), budget_kb=50), REACH)
        except InputError:
            refused += 1
    assert refused > count / 5


# In the browser

HIDE_LINES = """() => document.querySelectorAll(
  '.leaflet-map-pane > .leaflet-pane:not(.leaflet-base-pane), #legend, #credit, .leaflet-control'
).forEach((part) => { part.style.visibility = 'hidden'; })"""


@pytest.fixture(scope="module")
def finding() -> Finding:
    """Investigate one shipped case once."""
    return casebook.investigate(casebook.read_case(ROOT / "cases" / f"{CASE}.yaml"))


@contextmanager
def opened(chromium: Browser, folder: Path, text: str, **settings: Any) -> Iterator[Page]:
    """Open a page from disk; whatever it complains of ends the test."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, **settings)
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: trouble.append(dialog.message))
    page.goto(file.as_uri())
    page.wait_for_timeout(400)
    yield page
    context.close()
    assert trouble == []


def red_near(page: Page, mark: tuple[float, float]) -> tuple[float, int]:
    """Return how many pixels the middle of a red disc is off its mark, and how large it is."""
    x, y = page.evaluate(
        "([lon, lat]) => { const map = window[geolocSheet.island.map];"
        " const { x, y } = map.latLngToContainerPoint([lat, lon]);"
        " const box = map.getContainer().getBoundingClientRect();"
        " return [x + box.left, y + box.top]; }",
        list(mark),
    )
    colours = pixels(page.screenshot(), "PNG")
    rows, cols = np.nonzero(colours[0] - colours[1] > 40)
    near = np.hypot(cols + 0.5 - x, rows + 0.5 - y) < 30
    if not near.any():
        return math.inf, 0
    return float(np.hypot(cols[near].mean() + 0.5 - x, rows[near].mean() + 0.5 - y)), int(
        near.sum()
    )


@pytest.mark.browser
@pytest.mark.parametrize("placed", ["utm", "degrees", "mercator", "rotated"])
def test_a_mark_is_drawn_where_leaflet_draws_its_place(
    chromium: Browser, tmp_path: Path, finding: Finding, placed: str
) -> None:
    """On the screen each disc lies within 1.5 pixels of its longitude and latitude."""
    path = marked(tmp_path / "marks.tif", placed)
    page_text = maps.seal(maps.finding_map(finding, base=Base(str(path), budget_kb=4000)))
    with opened(chromium, tmp_path, page_text) as page:
        page.evaluate(HIDE_LINES)
        for mark in MARKS[::2]:
            page.evaluate(
                "([lon, lat]) => window[geolocSheet.island.map].setView([lat, lon + 0.005], 13,"
                " { animate: false })",
                list(mark),
            )
            page.wait_for_timeout(150)
            off, size = red_near(page, mark)
            assert size > 12
            assert off < 1.5


@pytest.mark.browser
def test_what_is_said_of_a_base_map_is_text(
    chromium: Browser, tmp_path: Path, finding: Finding
) -> None:
    """A hostile title and credit stand letter for letter on the map and in the panel."""
    title = "{{ 7*7 }} </script><img src=x onerror='window.__pwned=1'> ${1} {% raw %} \u202e کابل"
    credit = title + " licence"
    path = write(tmp_path / "dem.tif", plane(10, 90, 400), transform=around(MIDDLE, 400, 400, 30))
    base = Base(f"relief:{path}", title=title, credit=credit)
    sealed = maps.seal(maps.finding_map(finding, base=base))
    assert sealed == maps.seal(maps.finding_map(finding, base=base))
    assert "dem.tif" not in sealed
    with opened(chromium, tmp_path, sealed) as page:
        for part in ("#legend", "#credit", "#panel"):
            assert title in str(page.locator(part).text_content())
        assert credit in str(page.locator("#credit").text_content())
        assert page.evaluate("typeof window.__pwned") == "undefined"


@pytest.mark.browser
def test_the_background_can_be_switched_off_and_made_fainter(
    chromium: Browser, tmp_path: Path, finding: Finding
) -> None:
    """By key: its tick takes it off, its slider sets how strong it is."""
    path = marked(tmp_path / "marks.tif", "utm")
    with opened(chromium, tmp_path, maps.seal(maps.finding_map(finding, base=str(path)))) as page:
        assert page.locator(".leaflet-base-pane img").count() == 1
        slider = page.get_by_role("slider", name="Strength of the background")
        before = float(
            page.evaluate("getComputedStyle(document.querySelector('.leaflet-base-pane')).opacity")
        )
        slider.press("ArrowLeft")
        after = float(
            page.evaluate("getComputedStyle(document.querySelector('.leaflet-base-pane')).opacity")
        )
        assert after == pytest.approx(before - 0.05)
        page.locator("#legend label", has_text="Picture from above").locator("input").press("Space")
        assert page.locator(".leaflet-base-pane img").count() == 0


@pytest.mark.browser
def test_embedded_tiles_are_drawn_at_every_zoom(
    chromium: Browser, tmp_path: Path, finding: Finding
) -> None:
    """Tiles of the archive fill the map without a request, closer in than the archive goes too."""
    west, south, east, north = base_reach(finding)
    path = archive(tmp_path / "tiles.pmtiles", (9, 11), reach=(west, south, east, north))
    sealed = maps.seal(maps.finding_map(finding, base=str(path)))
    with opened(chromium, tmp_path, sealed, offline=True) as page:
        for zoom in (11, 13.25):
            page.evaluate(f"window[geolocSheet.island.map].setZoom({zoom}, {{ animate: false }})")
            page.wait_for_timeout(300)
            shown = page.evaluate(
                "[...document.querySelectorAll('.leaflet-base-pane img')]"
                ".filter((tile) => tile.complete && tile.naturalWidth === 256).length"
            )
            assert shown >= 4
        assert "© Example & others, ODbL" in str(page.locator("#credit").text_content())


def base_reach(finding: Finding) -> tuple[float, float, float, float]:
    """Return how far a finding's page goes."""
    found = re.search(r'"reach":\[([^\]]+)\]', maps.seal(maps.finding_map(finding)))
    assert found
    west, south, east, north = map(float, found[1].split(","))
    return west, south, east, north


# Online, by name


def test_online_tiles_are_allowed_by_name_and_by_nothing_else(finding: Finding) -> None:
    """The policy names the one host; a map that would ask it cannot be sealed unknowingly."""
    made = maps.finding_map(finding, base="tiles:osm")
    with pytest.raises(PageError, match=r"tile\.openstreetmap\.org"):
        maps.seal(made)
    sealed = maps.seal(made, tiles=["osm"])
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', sealed)
    assert policy
    (pictures,) = re.findall(r"img-src ([^;]+)", policy[1])
    assert pictures.split() == ["data:", "https://tile.openstreetmap.org"]
    assert "connect-src 'none'" in policy[1]
    offline = maps.seal(maps.finding_map(finding))
    assert "openstreetmap.org" not in offline


@pytest.mark.browser
@pytest.mark.parametrize("answering", [True, False], ids=["answers", "is out of reach"])
def test_online_tiles_ask_one_host_and_warn(
    chromium: Browser, tmp_path: Path, finding: Finding, answering: bool
) -> None:
    """Each request goes to the named host; without it the paper is blank and nothing pops up."""
    sealed = maps.seal(maps.finding_map(finding, base="tiles:osm"), tiles=["osm"])
    file = tmp_path / "page.html"
    file.write_text(sealed, encoding="utf-8")
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    trouble: list[str] = []
    tile = tile_picture(1, 2)

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if answering:
            route.fulfill(body=tile, content_type="image/png")
        else:
            route.abort("internetdisconnected")

    page.route(re.compile("^https?:"), answer)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: trouble.append(dialog.message))
    page.goto(file.as_uri())
    page.wait_for_timeout(800)
    assert trouble == []
    assert asked
    assert all(re.match(r"https://tile\.openstreetmap\.org/\d+/\d+/\d+\.png$", u) for u in asked)
    shown = page.locator(".leaflet-base-pane img.leaflet-tile-loaded").count()
    assert (shown > 3) == answering
    credit = page.locator("#credit")
    assert credit.is_visible()
    assert "this server learns which area you look at" in str(credit.text_content())
    assert "© OpenStreetMap contributors" in str(credit.text_content())
    assert "asks nothing of the network" not in str(page.locator("main").text_content())
    assert page.locator("path.claimed").count() > 0
    for language in ("fa-AF", "ps", "en"):
        page.locator('option[value="fa-AF"]').locator("..").select_option(language)
        for part in ("#credit b", "#panel .warning", "#panel footer"):
            said = page.locator(part).filter(has_text="tile.openstreetmap.org")
            assert said.count() == 1, (language, part)
            assert bool(re.search("[آ-ی]", str(said.text_content()))) == (language != "en")
    context.close()


def test_the_terminal_warns_of_online_tiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, before the page is written; without the option there is no warning."""
    shell = Shell(monkeypatch, capsys)
    done = shell("map", CASE, "--tiles", "osm", "-o", tmp_path / "x.html")
    assert done.status == 0
    assert "asks tile.openstreetmap.org for pictures" in done.err
    assert "that server learns which area is looked at" in done.err
    path = noise(tmp_path / "noise.tif", 500)
    done = shell("map", CASE, "--base", path, "-o", tmp_path / "y.html")
    assert (done.status, done.err) == (0, "")
