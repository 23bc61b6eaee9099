"""What the drawing page asks and is told: one session, its verbs, JSON in and JSON out."""

from __future__ import annotations

import base64
import binascii
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import shapely
from pydantic import BaseModel

from geoloc import boundaries, geo
from geoloc.boundaries import Layer
from geoloc.casebook import Drawing, Geolocation, Incident, Photo
from geoloc.casebook.reading import validated
from geoloc.errors import CaseError, GeolocError, InputError, StaleCaseError
from geoloc.gazetteer import Gazetteer
from geoloc.geo import Box
from geoloc.maps.shapes import around, as_geojson, five
from geoloc.studio.casefile import CaseFile
from geoloc.studio.cutting import cut
from geoloc.studio.dropped import export, take
from geoloc.studio.live import Live
from geoloc.studio.photos import Photos
from geoloc.studio.records import plain

if TYPE_CHECKING:
    from geoloc.area import LikelyArea
    from geoloc.casebook import Finding

LANGUAGES = ("en", "fa-AF", "ps")
MOST_DRAWINGS, MOST_PHOTOS = 1000, 200  # as of a case file
_MOST_TEXT = 5_000  # characters of a name, a note or a coordinate
_MOST_FILE = 50_000_000  # bytes of a file that is dropped or of a photo
_PROVINCE_STEP_DEG = 0.003  # provinces are only looked at, districts are also drawn by

_Record = TypeVar("_Record", bound=BaseModel)
Answer = dict[str, Any]
_BESIDE = {"read", "find", "take", "photo", "picture"}


class RequestError(InputError):
    """A request that makes no sense; `field` names the part of it."""

    def __init__(self, field: str | None, message: str) -> None:
        self.field = field
        super().__init__(message)


class Session:
    """One investigator's drawing, in a case or in none.

    Parameters
    ----------
    case : Path, optional
        A case file; without one there is nothing to save into or to judge.
    language : str
        `en`, `fa-AF` or `ps`: what the page begins in.

    Raises
    ------
    CaseError
        If the case cannot be read.
    """

    def __init__(self, case: Path | None = None, *, language: str = "en") -> None:
        if language not in LANGUAGES:
            raise InputError(f"lang must be one of {', '.join(LANGUAGES)}, got {language!r}.")
        self.language = language
        self._file = CaseFile.opened(case)
        self._live = Live(self._file.incident)
        self._photos = Photos(self._file.folder if self._file.incident else None)
        self._one_at_a_time = threading.Lock()
        self._verbs: dict[str, Callable[[Answer], Answer]] = {
            "open": self._open,
            "judge": self._judge,
            "read": self._read,
            "find": self._find,
            "cut": self._cut,
            "take": self._take,
            "photo": self._photo,
            "picture": self._picture,
            "keep": self._keep,
            "save": self._save,
            "export": self._export,
            "forget": self._forget,
        }

    def answer(self, verb: str, payload: Any) -> Answer:
        """Do what a verb says; what cannot be done is told in one line.

        Parameters
        ----------
        verb : str
            See `ARCHITECTURE.md`; an unknown one is told so.
        payload : dict
            Its settings, as JSON gives them.

        Returns
        -------
        dict
            `ok`, and what was asked for; or `error`, one line, and the `field` that it is about.
        """
        act = self._verbs.get(verb)
        if act is None or not isinstance(payload, dict):
            known = ", ".join(self._verbs)
            return _error(f"There is no such request; there are {known}.", None)
        try:
            # What comes from outside may take seconds to read; the verdict does not wait for it.
            with nullcontext() if verb in _BESIDE else self._one_at_a_time:
                return {"ok": True, **act(payload)}
        except RequestError as error:
            return _error(self._without_paths(error), error.field)
        except StaleCaseError as error:
            return self._conflict(error)
        except CaseError as error:
            first = error.problems[0]
            return _error(self._without_paths(first.message), first.field or None)
        except GeolocError as error:
            return _error(self._without_paths(error), None)

    @property
    def area(self) -> LikelyArea | None:
        """Return the likely area as it was last judged; None where nothing locates."""
        return self._live.area

    @property
    def finding(self) -> Finding:
        """Return the case with what is drawn, as it was last judged."""
        return self._live.finding

    def clear(self) -> None:
        """Forget what was kept for the page alone: pixel copies, photos that nobody kept."""
        with self._one_at_a_time:
            self._photos.clear(self._in_use)

    def _in_use(self, file: str) -> bool:
        """Return whether a case or a draft of the folder names a photo; if nobody can say, it does.

        Cases of one folder share their photos, which lie under their own hash.
        """
        digest, folder = Path(file).stem.encode(), self._file.folder
        try:
            texts = [*folder.glob("*.y*ml"), *folder.glob(".geoloc/drafts/*")]
            return any(digest in path.read_bytes() for path in texts)
        except OSError:
            return True

    def _without_paths(self, told: object) -> str:
        """Return a message as one line that names no folder of this machine."""
        text = str(told)
        for folder in (self._file.folder, Path(tempfile.gettempdir()), Path.home()):
            text = text.replace(f"{folder}/", "").replace(str(folder), "the case's folder")
        return " ".join(text.split())[:1000]

    def _open(self, _payload: Answer) -> Answer:
        self._file.reload()
        incident = self._file.incident
        self._live = Live(incident)
        draft = self._file.draft()
        return {
            "case": incident and _about(incident, self._file.version),
            "language": self.language,
            "document": _document(incident),
            "claims": self._live.claims,
            "evidence": [
                {"finding": each.finding, "origin": each.origin, "by": each.by}
                | {"status": each.status}
                for each in (incident.evidence if incident else ())
            ],
            "sources": [
                {"id": each.id, "title": each.title}
                for each in (incident.sources if incident else ())
            ],
            "lines": self._lines,
            "credits": [
                *dict.fromkeys(
                    boundaries.load_layer(name).edition.attribution for name in self._lines
                )
            ],
            "box": five(around(self._live.shapes)),
            "draft": draft,
        }

    @cached_property
    def _lines(self) -> dict[str, Any]:
        """The lines to draw by: all provinces, the districts of the study area, every PD."""
        near = self._live.study_box
        steps = {"provinces": _PROVINCE_STEP_DEG}
        return {
            name: _collection(boundaries.load_layer(name), near, steps.get(name, 0.0))
            for name in boundaries.LAYERS
        }

    def _judge(self, payload: Answer) -> Answer:
        begun = time.perf_counter()
        status = payload.get("geolocation")
        stated = status.get("status") if isinstance(status, dict) else None
        answer = self._live.judge(_list(payload, "drawings", MOST_DRAWINGS), stated)
        return {**answer, "took_ms": round(1000 * (time.perf_counter() - begun), 1)}

    def _read(self, payload: Answer) -> Answer:
        text = _text(payload, "text")
        lon, lat = geo.parse_coordinates(text)
        return {"lon": lon, "lat": lat, "as": geo.format_dms(lon, lat)}

    def _find(self, payload: Answer) -> Answer:
        found = _gazetteer().search(_text(payload, "text"), limit=8)
        return {
            "candidates": [
                {
                    "name": each.name,
                    "kind": each.kind,
                    "lon": each.lon,
                    "lat": each.lat,
                    "score": each.score,
                    "why": each.why,
                    "parents": list(each.parents),
                }
                for each in found
            ]
        }

    def _cut(self, payload: Answer) -> Answer:
        shape, line, hole = (payload.get(name) for name in ("geometry", "line", "hole"))
        return {"parts": cut(shape, line=line, hole=hole)}

    def _take(self, payload: Answer) -> Answer:
        asked = {name: payload.get(name) is True for name in ("repair", "swap")}
        return take(_text(payload, "name"), _content(payload), **asked)

    def _photo(self, payload: Answer) -> Answer:
        return self._photos.add(_content(payload))

    def _picture(self, payload: Answer) -> Answer:
        file = _text(payload, "file")
        recorded = {photo.file for photo in (self._file.incident or _NO_CASE).photos}
        return self._photos.shown(file, recorded)

    def _keep(self, payload: Answer) -> Answer:
        document = _dict(payload, "document")
        _list(document, "drawings", MOST_DRAWINGS)
        return {"kept_at": self._file.keep_draft(document)}

    def _save(self, payload: Answer) -> Answer:
        version = _text(payload, "version")
        author, why = _text(payload, "author"), _text(payload, "why")
        changes = self._changes(_dict(payload, "document"))
        return {"version": self._file.save(changes, version, author, why)}

    def _changes(self, document: Answer) -> dict[str, Any]:
        """Return the fields of the case file that the page draws, checked, as YAML holds them."""
        drawings = _records(document, "drawings", MOST_DRAWINGS, Drawing)
        photos = _records(document, "photos", MOST_PHOTOS, Photo)
        at = self._file.path
        geolocation = validated(at, _dict(document, "geolocation"), Geolocation)
        return {
            "drawings": [plain(each) for each in drawings] or None,
            "photos": [plain(each) for each in photos] or None,
            "geolocation": plain(geolocation),
        }

    def _conflict(self, error: StaleCaseError) -> Answer:
        now = CaseFile.opened(self._file.path)
        told = _error("The case file was saved by somebody else since you opened it.", "version")
        return told | {"conflict": {"version": now.version, "diff": error.diff}}

    def _export(self, payload: Answer) -> Answer:
        document = _dict(payload, "document")
        drawings = _records(document, "drawings", MOST_DRAWINGS, Drawing)
        stated = validated(self._file.path, _dict(document, "geolocation"), Geolocation)
        incident = self._live.incident.model_copy(
            update={"drawings": tuple(drawings), "geolocation": stated}
        )
        return export(_text(payload, "format"), incident)

    def _forget(self, _payload: Answer) -> Answer:
        self._file.drop_draft()
        self._photos.clear(self._in_use)
        return {}


_NO_CASE = Incident(
    id="2000-01-01-no-case",
    title="no case",
    date="2000-01-01",
    summary="no case",
    geolocation=Geolocation(status="not-stated", reason="no case"),
)


def _error(message: str, field: str | None) -> Answer:
    return {"ok": False, "error": message, "field": field}


def _text(payload: Answer, field: str) -> str:
    value = payload.get(field)
    if not isinstance(value, str) or not value.strip():
        raise RequestError(field, f"{field} is missing; it must be text.")
    if len(value) > _MOST_TEXT:
        raise RequestError(field, f"{field} is longer than {_MOST_TEXT:,} characters.")
    return value


def _dict(payload: Answer, field: str) -> Answer:
    value = payload.get(field)
    if not isinstance(value, dict):
        raise RequestError(field, f"{field} is missing; it must be an object.")
    return value


def _list(payload: Answer, field: str, most: int) -> list[Any]:
    value = payload.get(field, [])
    if not isinstance(value, list):
        raise RequestError(field, f"{field} must be a list.")
    if len(value) > most:
        raise RequestError(field, f"{field} has {len(value):,} entries; at most {most:,}.")
    return value


def _content(payload: Answer) -> bytes:
    """Return the bytes of a file that was dropped."""
    value = payload.get("content")
    if not isinstance(value, str):
        raise RequestError("content", "content is missing; it must be base64.")
    if len(value) > 4 * _MOST_FILE // 3 + 4:
        raise RequestError("content", f"a file may have {_MOST_FILE / 1e6:.0f} MB.")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError("content", "content is not base64.") from error


def _records(document: Answer, field: str, most: int, model: type[_Record]) -> list[_Record]:
    """Return a list of records, or say which field of which entry is wrong."""
    found = []
    for number, each in enumerate(_list(document, field, most)):
        try:
            found.append(validated(Path(field), each, model))
        except CaseError as error:
            first = error.problems[0]
            inside = f".{first.field}" if first.field else ""
            raise RequestError(f"{field}[{number}]{inside}", first.message) from error
    return found


def _about(incident: Incident, version: str | None) -> dict[str, Any]:
    return {
        "id": incident.id,
        "title": incident.title,
        "date": incident.date.isoformat(),
        "version": version,
    }


def _document(incident: Incident | None) -> dict[str, Any]:
    if incident is None:
        return {
            "drawings": [],
            "photos": [],
            "geolocation": {"status": "not-stated", "reason": "Nothing was saved yet."},
        }
    return {
        "drawings": [plain(each) for each in incident.drawings],
        "photos": [plain(each) for each in incident.photos],
        "geolocation": plain(incident.geolocation),
    }


@cache
def _gazetteer() -> Gazetteer:
    return Gazetteer()


@lru_cache(maxsize=8)
def _collection(layer: Layer, near: Box, step_deg: float) -> dict[str, Any]:
    """Return a layer as GeoJSON, of the 399 districts those that meet a box; step in degrees."""
    around_here, edition = shapely.box(*near), layer.edition
    units = [
        unit
        for unit in layer.values()
        if layer.name != "districts" or shapely.intersects(unit.geometry, around_here)
    ]
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {
                    "code": unit.code,
                    "name": unit.name,
                    "name_fa": unit.name_fa,
                    "edition": edition.id,
                    "approximate": edition.approximate,
                },
                "geometry": as_geojson(
                    shapely.simplify(unit.geometry, step_deg) if step_deg else unit.geometry
                ),
            }
            for unit in units
            if not unit.geometry.is_empty
        ],
    }
