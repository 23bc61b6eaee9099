"""KML and KMZ as Google Earth Pro writes them: folders, shared styles, typed ExtendedData.

Google Earth shows a description as HTML, so what stands there is escaped twice: once as HTML, so
that a tag in somebody's words is only text, and once as XML. A claimed place is an empty outline,
a likely area is filled: the two are told apart without colour.
"""

from __future__ import annotations

import html
import itertools
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import shapely

from geoloc.exchange.shown import CAVEAT, COLUMNS, Item
from geoloc.exchange.xml import quoted

# Line colour and width, fill or none, scale of the icon; colours are alpha, blue, green, red.
_STYLES = {
    "likely area": ("ff2a4dd7", 1, "5a2a4dd7", 0.0),
    "claimed": ("ffb0501e", 4, None, 0.0),
    "drawing": ("ff3c8c2d", 2, "1e3c8c2d", 1.0),
    "landmark": ("ff333333", 2, None, 1.0),
    "photo feature": ("ff8c2a8c", 2, None, 0.8),
}
_ON_GROUND = "<tessellate>1</tessellate>"  # else a line runs straight through a hill
_TYPES = {str: "string", float: "double"}
_TYPED = [name for name in COLUMNS if name != "name"]


def write(items: Sequence[Item], path: Path, title: str) -> None:
    """Write items to a KML file, a folder for each case and in it one for each layer."""
    path.write_bytes(_document(items, title).encode())


def write_zipped(items: Sequence[Item], path: Path, title: str) -> None:
    """Write items to a KMZ file; the same items make the same bytes."""
    entry = zipfile.ZipInfo("doc.kml", date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, _document(items, title).encode())


def _document(items: Sequence[Item], title: str) -> str:
    fields = "".join(
        f'<SimpleField type="{_TYPES[COLUMNS[name]]}" name="{name}"/>\n' for name in _TYPED
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
        f"<name>{quoted(title)}</name>\n<open>1</open>\n{_description(CAVEAT)}\n"
        f"{''.join(map(_style, _STYLES))}"
        f'<Schema name="geoloc" id="geoloc">\n{fields}</Schema>\n'
        f"{_folders(items)}</Document>\n</kml>\n"
    )


def _style(layer: str) -> str:
    line, width, fill, scale = _STYLES[layer]
    inside = f"<color>{fill}</color>" if fill else "<fill>0</fill>"
    return (
        f'<Style id="{_id(layer)}"><IconStyle><color>{line}</color><scale>{scale}</scale>'
        f"</IconStyle><LineStyle><color>{line}</color><width>{width}</width></LineStyle>"
        f"<PolyStyle>{inside}</PolyStyle></Style>\n"
    )


def _id(layer: str) -> str:
    return layer.replace(" ", "-")


def _folders(items: Iterable[Item]) -> str:
    text = ""
    for case, of_case in itertools.groupby(items, lambda item: item.columns["case"]):
        inside = ""
        for layer, of_layer in itertools.groupby(of_case, lambda item: item.layer):
            placemarks = "".join(map(_placemark, of_layer))
            inside += f"<Folder><name>{layer}</name>\n{placemarks}</Folder>\n"
        text += f"<Folder><name>{quoted(str(case))}</name>\n{inside}</Folder>\n"
    return text


def _placemark(item: Item) -> str:
    values = "".join(
        f'<SimpleData name="{name}">{quoted(str(item.columns[name]))}</SimpleData>'
        for name in _TYPED
        if name in item.columns
    )
    return (
        f"<Placemark><name>{quoted(str(item.columns['name']))}</name>"
        f"{_description(told(item))}"
        f"<TimeStamp><when>{item.columns['date']}</when></TimeStamp>"
        f"<styleUrl>#{_id(item.layer)}</styleUrl>"
        f'<ExtendedData><SchemaData schemaUrl="#geoloc">{values}</SchemaData></ExtendedData>'
        f"{_geometry(item.geometry)}</Placemark>\n"
    )


def told(item: Item) -> str:
    """Return what a person should read of an item first, line by line."""
    said = (item.columns.get(name) for name in ("note", "rationale", "method", "author", "edition"))
    return "\n".join([f"{item.layer}, {item.columns['status']}", *map(str, filter(None, said))])


def _description(text: str) -> str:
    """Return text that a viewer shows as it is, though it takes descriptions for HTML."""
    # Google Earth would put values of the placemark in place of $[...].
    shown = html.escape(text).replace("$[", "&#36;[").replace("\n", "<br>")
    return f"<description>{quoted(shown)}</description>"


def _geometry(shape: shapely.Geometry) -> str:
    if isinstance(shape, shapely.MultiPolygon):
        return f"<MultiGeometry>{''.join(map(_geometry, shape.geoms))}</MultiGeometry>"
    if isinstance(shape, shapely.Polygon):
        holes = "".join(
            f"<innerBoundaryIs>{_ring(ring)}</innerBoundaryIs>" for ring in shape.interiors
        )
        outside = f"<outerBoundaryIs>{_ring(shape.exterior)}</outerBoundaryIs>"
        return f"<Polygon>{_ON_GROUND}{outside}{holes}</Polygon>"
    if isinstance(shape, shapely.Point):
        return f"<Point>{_coordinates(shape)}</Point>"
    return f"<LineString>{_ON_GROUND}{_coordinates(shape)}</LineString>"


def _ring(ring: shapely.Geometry) -> str:
    return f"<LinearRing>{_coordinates(ring)}</LinearRing>"


def _coordinates(shape: shapely.Geometry) -> str:
    corners = " ".join(f"{lon!r},{lat!r}" for lon, lat in shapely.get_coordinates(shape).tolist())
    return f"<coordinates>{corners}</coordinates>"
