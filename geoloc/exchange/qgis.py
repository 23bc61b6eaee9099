"""QGIS styles inside a GeoPackage, so that it opens styled: the table `layer_styles`.

A claimed place is a dashed outline without a filling, a likely area a filling in a thin line,
drawings are dotted, and points differ by their sign: the layers are told apart without colour.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import quoteattr

_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
    f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
)"""
_CONTENTS = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change)
VALUES ('layer_styles', 'attributes', 'layer_styles', ?)"""
_ROW = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
    styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time)
VALUES ('', '', ?, 'geom', ?, ?, '', 1, 'geoloc', '', ?)"""


def _fill(colour: str, style: str, line: str, width: str) -> tuple[str, str, dict[str, str]]:
    return (
        "fill",
        "SimpleFill",
        {
            "color": colour,
            "style": style,
            "outline_color": "35,35,35,255",
            "outline_style": line,
            "outline_width": width,
            "outline_width_unit": "MM",
        },
    )


def _sign(name: str, colour: str) -> tuple[str, str, dict[str, str]]:
    return (
        "marker",
        "SimpleMarker",
        {
            "name": name,
            "color": colour,
            "outline_color": "35,35,35,255",
            "size": "3",
            "size_unit": "MM",
        },
    )


# The kind of symbol, its class, and its settings, by the GeoPackage's tables.
_SYMBOLS = {
    "likely_area": _fill("215,77,42,80", "solid", "solid", "0.2"),
    "claimed": _fill("0,0,0,0", "no", "dash", "0.8"),
    "drawing_areas": _fill("45,140,60,255", "b_diagonal", "dot", "0.4"),
    "drawing_lines": (
        "line",
        "SimpleLine",
        {"line_color": "45,140,60,255", "line_style": "dot", "line_width": "0.6"},
    ),
    "drawing_points": _sign("diamond", "45,140,60,255"),
    "landmarks": _sign("triangle", "255,255,255,255"),
    "photo_features": _sign("square", "255,255,255,255"),
}


def add_styles(database: sqlite3.Connection, tables: Sequence[str], moment: str) -> None:
    """Add the table of styles to a GeoPackage, with one style of each of its layers.

    Parameters
    ----------
    database : Connection
        An open GeoPackage; the caller commits.
    tables : sequence of str
        Names of its layers.
    moment : str
        When the styles were made, as GeoPackages write it: 2023-05-08T00:00:00.000Z.
    """
    database.execute(_TABLE)
    database.execute(_CONTENTS, (moment,))
    for table in tables:
        database.execute(_ROW, (table, table, style(table), moment))


def style(table: str) -> str:
    """Return a layer's style in QGIS's own language (QML), its features labelled by name."""
    kind, symbol, settings = _SYMBOLS[table]
    return (
        '<qgis version="3.28.0" styleCategories="Symbology|Labeling" labelsEnabled="1">'
        '<renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0"><symbols>'
        f'<symbol type="{kind}" name="0" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{symbol}" enabled="1" locked="0" pass="0">{_options(settings)}</layer>'
        "</symbol></symbols></renderer-v2>"
        '<labeling type="simple"><settings calloutType="simple">'
        '<text-style fieldName="name" isExpression="0" fontSize="9" textColor="35,35,35,255">'
        '<text-buffer bufferDraw="1" bufferSize="1" bufferColor="255,255,255,255"/></text-style>'
        "</settings></labeling></qgis>"
    )


def _options(settings: Mapping[str, str]) -> str:
    options = "".join(
        f'<Option type="QString" name={quoteattr(name)} value={quoteattr(value)}/>'
        for name, value in settings.items()
    )
    return f'<Option type="Map">{options}</Option>'
