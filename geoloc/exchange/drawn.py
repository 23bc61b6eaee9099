"""Shapes that came in, as drawings: ours as they left, a stranger's as the user says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, get_args

import shapely
from pydantic import ValidationError

from geoloc.casebook import Drawing, drawings
from geoloc.errors import ClueError, InputError
from geoloc.exchange.shown import CAVEAT, NUMBERS, OF_DRAWINGS, LayerName

if TYPE_CHECKING:
    from geoloc.exchange.taken import Taken, TakenFeature, TakenLayer

_DERIVED = set(get_args(LayerName)) - {"drawing"}
_UNSEEN = ("script", "style")
_LONGEST = 5000  # characters of a text in a case file
# What a drawing says in its own fields, or that only tells how a shape looks.
_SAID = re.compile(r"name|desc(ription)?|folder|(stroke|fill|marker|icon|label)(-.*)?")


def drawings_of(
    taken: Taken,
    *,
    means: drawings.Means = "mark",
    origin: str | None = None,
    detection_probability: float | None = None,
    case: str | None = None,
) -> tuple[Drawing, ...]:
    """Return what was taken in as drawings, in the file's order.

    Parameters
    ----------
    taken : Taken
        What `read_shapes` or `read_points` returned.
    means : str
        What shapes mean that do not say it themselves: mark, area or searched.
    origin : str, optional
        The material that they were seen in; needed unless they are marks.
    detection_probability : float, optional
        For `searched`: of finding it, had it been there, 0 to 1.
    case : str, optional
        The id of a case: drawings of others are left out, if the file has any of this one.

    Returns
    -------
    tuple of Drawing
        What geoloc exported comes back as equal drawings, up to the losses of the format. Likely
        areas, claimed units, landmarks and photos' features are left out, since they follow from
        the case; so are features without a shape and those that are not usable.

    Raises
    ------
    InputError
        If a feature makes no drawing; it is named.
    """
    said = {
        "means": means,
        "origin": origin,
        "detection_probability": detection_probability,
    }
    given = {name: value for name, value in said.items() if value is not None}
    found: list[Drawing] = []
    others = set() if case is None else set(map(id, of_other_cases(taken, case)))
    for layer in taken.layers:
        for feature in layer.features:
            fit = feature.usable and feature.geometry is not None and not derived(feature)
            if fit and id(feature) not in others:
                found += _drawings(taken, layer, feature, given)
    return tuple(found)


def derived(feature: TakenFeature) -> bool:
    """Return whether geoloc made it from a case, so that it is no drawing of anybody's."""
    stated = feature.properties
    return stated.get("layer") in _DERIVED and stated.get("caveat") == CAVEAT


def of_other_cases(taken: Taken, case: str) -> list[TakenFeature]:
    """Return the drawings of other cases in a file that has some of this one; else none."""
    ours = [each for layer in taken.layers for each in layer.features if is_ours(each)]
    others = [each for each in ours if each.properties.get("case", case) != case]
    return others if any(each.properties.get("case") == case for each in ours) else []


def is_ours(feature: TakenFeature) -> bool:
    """Return whether it says what it means, as a drawing that geoloc exported does."""
    return feature.properties.get("means") in get_args(drawings.Means)


def _drawings(
    taken: Taken, layer: TakenLayer, feature: TakenFeature, given: dict[str, Any]
) -> Iterator[Drawing]:
    if is_ours(feature):
        yield _drawing(feature, _as_drawn(feature), _fields(feature.properties))
        return
    about = _foreign(taken, layer, feature)
    parts = list(_parts(feature.geometry))
    for number, part in enumerate(parts, start=1):
        name = feature.name if len(parts) == 1 else f"{feature.name} ({number} of {len(parts)})"
        areal = "Polygon" in part.geom_type
        chosen = given if areal or given["means"] == "mark" else {"means": "mark"}
        yield _drawing(feature, part, {**about, **chosen, "name": name[-_LONGEST:]})


def _drawing(feature: TakenFeature, shape: Any, fields: dict[str, Any]) -> Drawing:
    geometry = shapely.geometry.mapping(shape)
    name = {"name": feature.name, **fields}
    try:
        return Drawing.model_validate({**name, "geometry": geometry})
    except (ValidationError, ClueError) as error:
        raise InputError(f"{feature.name[:60]!r} makes no drawing: {_first(error)}") from error


def _first(error: ValidationError | ClueError) -> str:
    if isinstance(error, ClueError):
        return str(error)
    detail = error.errors()[0]
    where = ".".join(map(str, detail["loc"]))
    return f"{where + ': ' if where else ''}{detail['msg'].removeprefix('Value error, ')}."


def _as_drawn(feature: TakenFeature) -> Any:
    """Return a single polygon that a layer of multi-polygons had to hold as what it was."""
    shape = feature.geometry
    parts = shapely.get_parts(shape)
    return parts[0] if feature.properties.get("shape") == "Polygon" and len(parts) == 1 else shape


def _fields(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a drawing from its columns, in which numbers may stand as text."""
    found: dict[str, Any] = {}
    for name in OF_DRAWINGS:
        value = properties.get(name)
        if value is None or value == "":
            continue
        if name == "sources":
            found[name] = _sources(str(value))
        else:
            found[name] = _number(name, value) if name in NUMBERS else str(value)
    return found


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise InputError(f"{name} must be a number, got {str(value)[:40]!r}.") from error


def _sources(text: str) -> list[str]:
    """Return ids of sources: a JSON list as geoloc writes it, or one id as a person does."""
    if text.startswith("["):
        try:
            return [str(each) for each in json.loads(text)]
        except (ValueError, RecursionError):
            pass
    return [text]


def _foreign(taken: Taken, layer: TakenLayer, feature: TakenFeature) -> dict[str, Any]:
    """Return what can be said of a stranger's shape: its own words, and where it came from."""
    stated = feature.properties
    words = stated.get("description") or stated.get("desc")
    method = f"imported from {taken.name}, {stated.get('folder') or layer.name}"
    others = [
        f"{key}: {_plain(str(value))}"
        for key, value in stated.items()
        if not _SAID.fullmatch(key) and value is not None and value != ""
    ]
    told = [_plain(str(words))] if words is not None else []
    told += [f"The file also says: {'; '.join(others)}."] if others else []
    text = "\n".join(filter(None, told))[:_LONGEST]
    return {"method": method[:_LONGEST], **({"rationale": text} if text else {})}


class _Words(HTMLParser):
    """What a description says, without its markup, pictures and scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's signature
        self._unseen += tag in _UNSEEN
        self.found.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        self.found.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.found.append(data)


def _plain(description: str) -> str:
    """Return a description as text: Google Earth writes and shows it as HTML."""
    if not re.search(r"<[a-zA-Z!/]", description):
        return description.strip()
    words = _Words()
    words.feed(description)
    words.close()
    return " ".join("".join(words.found).split())


def _parts(shape: Any) -> Iterator[Any]:
    """Yield what a drawing can be: points and lines one by one, areas together."""
    if shape.geom_type in ("Point", "LineString", "Polygon", "MultiPolygon"):
        yield shape
    else:
        for part in shapely.get_parts(shape):
            yield from _parts(part)
