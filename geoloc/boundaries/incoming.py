"""What a file from outside holds, in geoloc's terms: one valid WGS 84 shape per code.

Whatever cannot be told from the file is refused with what to add, never guessed: which of several
layers, which CRS, which code, how an invalid shape was meant.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geoloc import fence, geo
from geoloc.boundaries import codes
from geoloc.boundaries.comparison import match_codes, shapes_of
from geoloc.boundaries.coverage import Areal, mended, polygons_of
from geoloc.boundaries.editions import LAYERS, require_id
from geoloc.boundaries.layers import Layer
from geoloc.errors import CRSError, InputError

_KABUL_KM = 80.0  # no police district lies farther from the city's centre


@dataclass(frozen=True, slots=True)
class Request:
    """What the user says of a file, because the file cannot."""

    layer: str  # provinces, districts or police-districts
    code_field: str  # empty: codes by overlap with the edition in use
    publisher: str
    valid_on: str  # YYYY, YYYY-MM or YYYY-MM-DD
    accuracy_m: float  # σ of its lines, metres, above zero
    name_field: str | None = None
    name_fa_field: str | None = None
    licence: str = "not stated; ask the publisher before you pass it on"
    attribution: str = ""
    title: str = ""
    url: str = ""
    note: str = ""
    edition_id: str = ""  # empty: made from publisher and year
    system: str = "nahia"  # of police districts: nahia (municipal) or hawza (police)
    source_layer: str | None = None
    crs: str | None = None
    repair: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """The units of a file from outside."""

    shapes: dict[str, Areal]  # WGS 84, valid, by code
    about: dict[str, dict[str, Any]]  # the file's fields, by code
    repairs_m2: dict[str, float]  # change of area of each unit that was repaired
    notes: tuple[str, ...]  # what a person should know of how it was read


def read_units(
    layers: tuple[fence.OutsideLayer, ...], request: Request, current: Layer
) -> Incoming:
    """Return the units of the layer that is meant, or raise with what is wrong.

    Parameters
    ----------
    layers : tuple of OutsideLayer
        Every layer of the file.
    request : Request
        What the user says of it.
    current : Layer
        The edition in use, from which codes are taken where `code_field` is empty.

    Raises
    ------
    CRSError, InputError
        One line names every problem of the kind that stopped it.
    """
    layer = _the_layer(layers, request)
    rows, notes = _with_polygons(layer, request)
    shapes = _in_degrees([shape for _, shape in rows], layer.crs, request, notes)
    found = _codes(rows, shapes, request, current)
    repairs: dict[str, float] = {}
    valid = _valid(found, shapes, request, repairs)
    _require_place(valid, request.layer)
    about = {code: row for code, (row, _) in zip(found, rows, strict=True)}
    return Incoming(valid, about, repairs, tuple(notes))


def check_request(request: Request) -> str:
    """Return the edition's id; raise if something said cannot be right."""
    if request.layer not in LAYERS:
        raise InputError(f"--as must be one of {', '.join(LAYERS)}.")
    if not (math.isfinite(request.accuracy_m) and 0 < request.accuracy_m <= 20_000):
        raise InputError(
            f"--accuracy must be metres above 0 and up to 20,000, got {request.accuracy_m:g}."
        )
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", request.valid_on) or not _is_date(request.valid_on):
        raise InputError(
            f"--valid-on must be YYYY, YYYY-MM or YYYY-MM-DD, got {request.valid_on!r}."
        )
    if not codes.clean(request.publisher):
        raise InputError("--publisher must name who published the layer.")
    if request.crs and not re.fullmatch(r"(?i)epsg:\d{4,6}", request.crs):
        raise InputError(f"--crs must be like EPSG:32642, got {request.crs!r}.")
    return require_id(request.edition_id or _id_from(request))


def _is_date(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return 1900 <= dt.date.fromisoformat((text + "-01-01")[:10]).year <= 2100
    return False


def _id_from(request: Request) -> str:
    plain = unicodedata.normalize("NFKD", request.publisher).encode("ascii", "ignore").decode()
    word = "-".join(re.findall(r"[a-z0-9]+", plain.lower()))[:40].strip("-")
    return f"{word or 'official'}-{request.valid_on[:4]}"


_Row = tuple[dict[str, Any], Areal]


def _the_layer(layers: tuple[fence.OutsideLayer, ...], request: Request) -> fence.OutsideLayer:
    """Return the one layer that is meant; several are listed, and none is taken by chance."""
    listed = "; ".join(
        f"{codes.clean(layer.name, 40)!r} ({len(layer.wkb)} features)" for layer in layers[:12]
    )
    if request.source_layer is not None:
        chosen = [layer for layer in layers if layer.name == request.source_layer]
        if len(chosen) == 1:
            return chosen[0]
        raise InputError(f"The file has no layer {request.source_layer!r}; it has {listed}.")
    if len(layers) == 1:
        return layers[0]
    if not layers:
        raise InputError("The file has no layer with shapes.")
    raise InputError(f"The file has {len(layers)} layers: {listed}. Name one with --layer.")


def _with_polygons(layer: fence.OutsideLayer, request: Request) -> tuple[list[_Row], list[str]]:
    """Return the features that have an area; the others are counted in a note."""
    fields = list(dict.fromkeys(name for row in layer.properties for name in row))
    for name in (request.code_field, request.name_field, request.name_fa_field):
        if name and name not in fields:
            raise InputError(
                f"The file has no field {name!r}; it has"
                f" {', '.join(codes.clean(each, 40) for each in fields[:30]) or 'none'}."
            )
    rows, without = [], 0
    for row, shape in zip(layer.properties, layer.geometries(), strict=True):
        corners = shapely.get_coordinates(shape)
        if not np.isfinite(corners).all():
            raise InputError(
                f"A coordinate of {_label(row, request)} is not a finite number (NaN or infinite)."
            )
        areal = polygons_of(shape)
        if areal.is_empty:
            without += 1
        else:
            rows.append((row, areal))
    if not rows:
        raise InputError(f"None of the file's {len(layer.wkb)} features is a polygon.")
    notes = [codes.clean(note) for note in layer.notes]
    if without:
        notes.append(f"{without} feature(s) without an area (points, lines, empty) were left out.")
    return rows, notes


def _label(row: Mapping[str, Any], request: Request) -> str:
    return f"{request.code_field} = {codes.clean(row.get(request.code_field), 40)!r}"


def _in_degrees(
    shapes: list[Areal], stated: str | None, request: Request, notes: list[str]
) -> list[Areal]:
    """Return the shapes in WGS 84, lon before lat."""
    if request.crs and stated and _crs(stated) != _crs(request.crs):
        notes.append(f"The file says that its CRS is {_crs(stated).name}; --crs overrules it.")
    if not (stated or request.crs):
        raise CRSError(
            "The file does not say its coordinate reference system; name it with --crs, e.g."
            " --crs EPSG:32642, after asking whoever made the file."
        )
    crs = _crs(request.crs or stated or "")
    if crs == _crs(geo.WGS84):
        corners = shapely.get_coordinates(shapes)
        if (np.abs(corners) > 360).any():
            raise CRSError(
                f"Coordinates like {corners[0][0]:,.0f} are not degrees, though the file says WGS"
                " 84; name the CRS that they are in with --crs, e.g. --crs EPSG:32642."
            )
        return shapes
    from pyproj import Transformer

    transform = Transformer.from_crs(crs, geo.WGS84, always_xy=True).transform
    notes.append(f"Reprojected from {crs.name} to WGS 84.")
    moved = [
        shapely.transform(shape, lambda xy: np.column_stack(transform(xy[:, 0], xy[:, 1])))
        for shape in shapes
    ]
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise CRSError(f"The coordinates make no sense in {crs.name}; name another with --crs.")
    return moved


def _crs(text: str) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import CRSError as ProjError

    # PROJ would also take a path or a pipeline that reads grids; a file may name neither.
    if not re.match(r"(?i)epsg:\d+$|(geog|proj|geod|bound|comp)[a-z_]*\[", text):
        raise CRSError(f"The file's CRS cannot be read: {codes.clean(text, 80)!r}; use --crs.")
    try:
        return CRS.from_user_input(text)
    except ProjError as error:
        raise CRSError(f"There is no CRS {codes.clean(text, 80)!r}; use --crs.") from error


def _codes(rows: list[_Row], shapes: list[Areal], request: Request, current: Layer) -> list[str]:
    """Return a code per row, each once."""
    if not request.code_field:
        return _codes_by_overlap(shapes, request, current)
    found: list[str] = []
    wrong: list[str] = []
    for row, _ in rows:
        try:
            found.append(codes.read_code(request.layer, row.get(request.code_field)))
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError(
            f"{len(wrong)} of {len(rows)} values of {request.code_field!r} cannot be read:"
            f" {some(wrong)}."
        )
    twice = [code for code, count in Counter(found).items() if count > 1]
    if twice:
        raise InputError(
            f"{len(twice)} code(s) stand at more than one feature: {some(twice)}. Join the parts"
            " of each unit to one feature, or choose another --code-field."
        )
    return found


def _codes_by_overlap(shapes: list[Areal], request: Request, current: Layer) -> list[str]:
    """Return the codes of the edition in use where a unit is clearly the same place."""
    matched = match_codes([mended(shape) for shape in shapes], shapes_of(current))
    prefix = f"GB{request.valid_on[2:4]}"
    return [code or f"{prefix}-{number:04}" for number, code in enumerate(matched, start=1)]


def some(words: list[str]) -> str:
    """Return the first few of many words, and how many more there are."""
    return ", ".join(words[:6]) + (f" and {len(words) - 6} more" if len(words) > 6 else "")


def _valid(
    found: list[str], shapes: list[Areal], request: Request, repairs: dict[str, float]
) -> dict[str, Areal]:
    """Return valid shapes by code; an invalid one only if repair was asked for."""
    invalid = {
        code: str(shapely.is_valid_reason(shape)).split("[")[0]
        for code, shape in zip(found, shapes, strict=True)
        if not shape.is_valid
    }
    if invalid and not request.repair:
        raise InputError(
            f"{len(invalid)} unit(s) have an invalid shape:"
            f" {some([f'{code} ({why})' for code, why in invalid.items()])}. Mend them, or add"
            " --repair and look at the change of area that is shown."
        )
    valid = dict(zip(found, shapes, strict=True))
    for code in invalid:
        try:
            repaired = mended(valid[code])
        except InputError as error:
            raise InputError(f"The shape of {code} {error}.") from error
        repairs[code] = (geo.area_km2(repaired) - _drawn_km2(valid[code])) * 1e6
        valid[code] = repaired
    return valid


def _drawn_km2(shape: Areal) -> float:
    """Return the area inside a shape's rings as they are drawn, valid or not."""
    return abs(geo.geod().geometry_area_perimeter(shape)[0]) / 1e6


def _require_place(shapes: Mapping[str, Areal], layer: str) -> None:
    """Refuse a layer that is not where it should be, and say if its axes are swapped."""
    whole = shapely.total_bounds(list(shapes.values()))
    west, south, east, north = (float(x) for x in whole)
    if not _near_afghanistan(west, south, east, north):
        hint = ""
        if _near_afghanistan(south, west, north, east):
            hint = (
                " With latitude and longitude swapped it would lie in Afghanistan: the file writes"
                " latitude first. Export it again with longitude first."
            )
        raise InputError(
            f"The layer spans {west:.2f} to {east:.2f} E and {south:.2f} to {north:.2f} N, which is"
            f" not within Afghanistan.{hint}"
        )
    if layer != "police-districts":
        return
    for code, shape in shapes.items():
        centre = shape.representative_point()
        away_km = geo.distance_m(*geo.KABUL, centre.x, centre.y) / 1000
        if away_km > _KABUL_KM:
            raise InputError(f"{code} lies {away_km:,.0f} km from Kabul; is this the right file?")


def _near_afghanistan(west: float, south: float, east: float, north: float) -> bool:
    box, margin = geo.AFGHANISTAN, 0.2
    return (
        box[0] - margin <= west <= east <= box[2] + margin
        and box[1] - margin <= south <= north <= box[3] + margin
    )
