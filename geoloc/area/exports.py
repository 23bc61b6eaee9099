"""A likely area as other programs read it: GeoJSON and KML.

Only regions leave, never a point: the densest cell is the model's, not a place that anybody found.
Coordinates are WGS 84, longitude first, rounded to 5 decimals (about 1 m); cells are larger.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

    from geoloc.area.likely import LikelyArea
    from geoloc.area.regions import Region

CAVEAT = (
    "Where the event probably happened, by the clues and the prior; not where it was found to have"
    " happened. No house or point may be read out of it."
)
# Alpha, blue, green, red; the largest region is the palest.
_FILLS = ("8c2a4dd7", "5a2a7fe8", "3c4cb4f4")


def as_geojson(area: LikelyArea, *, status: str = "approximate") -> dict[str, Any]:
    """Return the regions as a GeoJSON FeatureCollection (RFC 7946), largest first.

    Parameters
    ----------
    area : LikelyArea
        What to export.
    status : str
        The geolocation's status, repeated in every feature.

    Returns
    -------
    dict
        Features with `mass`, `held`, `area_km2`, `diameter_km`, `status`, `prior` and `caveat`,
        so that the caveat stays with a feature that is copied out.
    """
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {
                    **region_numbers(region),
                    "status": status,
                    "prior": area.prior.name,
                    "caveat": CAVEAT,
                },
                "geometry": region_geometry(region),
            }
            for region in reversed(area.regions)
        ],
    }


def as_kml(area: LikelyArea, *, title: str = "Likely area", status: str = "approximate") -> str:
    """Return the regions as a KML 2.2 document, largest first.

    Parameters
    ----------
    area : LikelyArea
        What to export.
    title : str
        Name of the document; any text. It stands nowhere that a viewer reads as HTML.
    status : str
        The geolocation's status, repeated in every placemark.
    """
    styles = "".join(_style(number, fill) for number, fill in enumerate(_FILLS))
    placemarks = "".join(
        _placemark(area, number, status) for number in reversed(range(len(area.regions)))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
        f"<name>{_text(title)}</name>\n<description>{_text(CAVEAT)}</description>\n"
        f"{styles}{placemarks}</Document>\n</kml>\n"
    )


def region_numbers(region: Region) -> dict[str, float]:
    """Return mass and held (0 to 1), km² and the diameter in km, rounded for a script to read."""
    return {
        "mass": region.mass,
        "held": round(region.held, 4),
        "area_km2": round(region.area_km2, 4),
        "diameter_km": round(region.diameter_km, 3),
    }


def region_geometry(region: Region) -> dict[str, Any]:
    """Return a region's GeoJSON geometry."""
    geometry: dict[str, Any] = shapely.geometry.mapping(_rounded(region.geometry))
    return geometry


def _style(number: int, fill: str) -> str:
    return (
        f'<Style id="region-{number}"><LineStyle><color>ff{fill[2:]}</color><width>2</width>'
        f"</LineStyle><PolyStyle><color>{fill}</color></PolyStyle></Style>\n"
    )


def _placemark(area: LikelyArea, number: int, status: str) -> str:
    region = area.regions[number]
    values = {**region_numbers(region), "status": status, "prior": area.prior.name}
    fields = "".join(
        f'<Data name="{name}"><value>{_text(str(value))}</value></Data>'
        for name, value in values.items()
    )
    parts = "".join(_polygon(part) for part in shapely.get_parts(_rounded(region.geometry)))
    return (
        f"<Placemark><name>{region.mass:.0%} likely area</name>"
        f"<description>{_text(CAVEAT)}</description>"
        f"<styleUrl>#region-{min(number, len(_FILLS) - 1)}</styleUrl>"
        f"<ExtendedData>{fields}</ExtendedData>"
        f"<MultiGeometry>{parts}</MultiGeometry></Placemark>\n"
    )


def _polygon(polygon: shapely.Polygon) -> str:
    holes = "".join(
        f"<innerBoundaryIs>{_ring(ring)}</innerBoundaryIs>" for ring in polygon.interiors
    )
    outside = f"<outerBoundaryIs>{_ring(polygon.exterior)}</outerBoundaryIs>"
    return f"<Polygon>{outside}{holes}</Polygon>"


def _ring(ring: shapely.LinearRing) -> str:
    corners = " ".join(f"{lon:.5f},{lat:.5f}" for lon, lat in ring.coords)
    return f"<LinearRing><coordinates>{corners}</coordinates></LinearRing>"


def _rounded(geometry: BaseGeometry) -> BaseGeometry:
    """Return it to 5 decimals, outer rings anticlockwise as RFC 7946 and KML want them."""
    rounded = shapely.transform(geometry, lambda points: points.round(5))
    return shapely.orient_polygons(rounded)


def _text(text: str) -> str:
    """Return text as XML holds it; characters that XML cannot hold become U+FFFD."""
    return escape("".join(_allowed(text)))


def _allowed(text: str) -> Iterator[str]:
    for character in text:
        steers = unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n"
        yield "\ufffd" if steers or ord(character) & 0xFFFE == 0xFFFE else character
