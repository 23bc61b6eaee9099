"""Files that come onto the page and leave it: shapes through the fence, findings as files."""

from __future__ import annotations

import base64
import tempfile
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from geoloc import exchange
from geoloc.casebook import Incident, investigate
from geoloc.errors import InputError
from geoloc.exchange import Taken, TakenFeature, TakenLayer
from geoloc.maps.shapes import as_geojson
from geoloc.studio.overhead import picture_on_ground
from geoloc.studio.photos import as_json
from geoloc.studio.records import plain

_FORMATS = tuple(suffix[1:] for suffix in exchange.SUFFIXES)
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def take(name: str, content: bytes, *, repair: bool = False, swap: bool = False) -> dict[str, Any]:
    """Return what a dropped file holds: layers of shapes, or a picture and its box.

    `repair` and `swap` mend invalid shapes and exchange the axes: only because the user asked.

    Raises
    ------
    FenceError, InputError
        If it is of no known kind, broken or unsafe; one line says why.
    """
    if content.startswith(_TIFF):
        picture = picture_on_ground(content)
        shown = {**as_json(picture), "box": list(picture.box or ())}
        return {"layers": [], "image": shown, "notes": []}
    with tempfile.TemporaryDirectory(prefix="geoloc-dropped-") as folder:
        # The name's ending alone is the client's; the reader goes by the content anyway.
        path = Path(folder, f"dropped{_suffix(name)}")
        path.write_bytes(content)
        taken = exchange.read(path, repair=repair, swap=swap)
    return {
        "layers": [
            {
                # A kind of file without names for layers has its own name told instead of ours.
                "name": "" if layer.name == path.stem else layer.name,
                "features": [_feature(taken, layer, feature) for feature in layer.features],
                "notes": list(layer.notes),
            }
            for layer in taken.layers
        ],
        "image": None,
        "notes": list(taken.notes),
    }


def _feature(taken: Taken, layer: TakenLayer, feature: TakenFeature) -> dict[str, Any]:
    """Return one shape for the page; a drawing that geoloc exported comes back as it left."""
    drawing, problem = None, feature.problem
    if exchange.is_ours(feature):
        alone = replace(taken, layers=(replace(layer, features=(feature,)),))
        try:
            drawing = next(iter(exchange.drawings(alone)), None)
        except InputError as error:
            problem = str(error)
    return {
        "geometry": feature.geometry and as_geojson(feature.geometry),
        "name": feature.name,
        "properties": feature.properties,
        "problem": problem,
        "usable": feature.usable,
        "mendable": feature.offered is not None,
        "swapped": feature.proposed is not None,
        "mended": feature.repaired
        and {"change_m2": feature.repaired.change_m2, "area_km2": feature.repaired.area_km2},
        "drawing": drawing and plain(drawing),
    }


def _suffix(name: str) -> str:
    suffix = PurePath(name.replace("\\", "/")).suffix.lower()
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= 9 else ""


def export(form: str, incident: Incident) -> dict[str, Any]:
    """Return an incident with its drawings as a file, and what that kind of file leaves out.

    Raises
    ------
    InputError
        If the format is none of those that can be written.
    """
    if form not in _FORMATS:
        raise InputError(f"format must be one of {', '.join(_FORMATS)}, got {form[:20]!r}.")
    with tempfile.TemporaryDirectory(prefix="geoloc-export-") as folder:
        path = Path(folder, f"{incident.id}.{form}")
        losses = exchange.export([investigate(incident)], path, exact=True)
        content = base64.b64encode(path.read_bytes()).decode()
    return {"name": path.name, "content": content, "losses": list(losses)}
