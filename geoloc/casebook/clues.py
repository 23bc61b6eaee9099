"""The clues of a case file: one record per kind, each of which becomes a value of `geoloc.clues`.

The values check themselves; a record adds only what YAML needs. What a record leaves out is the
value's own default. Origin and reliability are those of the evidence that the clue is part of.

Points are `[lon, lat]` in WGS 84 degrees, polygons and lines are lists of them; lengths are metres,
azimuths degrees clockwise from true north. What a `same-as` says is known only when the other case
has been investigated, so that `findings` makes its clue.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Any, Literal

import shapely
from pydantic import AfterValidator, Field, PrivateAttr, ValidationInfo, model_validator

from geoloc import boundaries, clues, geo
from geoloc.casebook.fields import CaseId, Code, Record, Text
from geoloc.clues import Clue
from geoloc.errors import ClueError
from geoloc.gazetteer import Place

# YAML's `true` and "300" are no numbers here.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Corners = Annotated[
    tuple[tuple[Number, Number], ...],
    Field(description="[lon, lat] of each, WGS 84 degrees", max_length=10_000),
]


def _known(code: str) -> str:
    if boundaries.unit(code).geometry.is_empty:
        raise ValueError(f"{code} has no known line")
    return code


def _beside_case(path: str, info: ValidationInfo) -> str:
    """Return a file's path from here; as it is written, if there is none beside the case file."""
    beside = Path((info.context or {}).get("folder", ""), path)
    with contextlib.suppress(OSError):  # a name too long to be one
        return str(beside) if beside.exists() else path
    return path


Units = Annotated[
    tuple[Annotated[Code, AfterValidator(_known)], ...],
    Field(description="units that all have a known line; geoloc find shows their codes"),
]
RasterFile = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1000,
        description="a GeoTIFF; its path from the case file's folder, else from where geoloc runs",
    ),
    AfterValidator(_beside_case),
]


class ClueRecord(Record):
    """What all clues of a case file share."""

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue, seen in a material that is so reliable, 0 to 1.

        Raises
        ------
        ClueError
            If a setting makes no sense; `field` names it.
        """
        raise NotImplementedError

    def _given(self, *names: str) -> dict[str, Any]:
        """Return the settings that are not left to the clue's own defaults."""
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}

    @model_validator(mode="after")
    def _makes_sense(self) -> ClueRecord:
        self.clue("case file", 1.0)
        return self


class LandmarkRecord(Record):
    """A point on the ground, and how surely it is placed."""

    name: Text
    lon: Number = Field(description="WGS 84 degrees")
    lat: Number = Field(description="WGS 84 degrees")
    sigma_m: Number | None = Field(
        None, description="σ of its position, metres; 10 for one read off imagery, default 1000"
    )

    def landmark(self) -> clues.Landmark:
        """Return it as clues take it."""
        sigma = {} if self.sigma_m is None else {"sigma_m": self.sigma_m}
        return clues.Landmark(self.name, self.lon, self.lat, **sigma)

    @model_validator(mode="after")
    def _can_be_placed(self) -> LandmarkRecord:
        geo.check_point(self.lon, self.lat)
        self.landmark()
        return self


class WithinRecord(ClueRecord):
    """The event happened inside units."""

    kind: Literal["within"]
    codes: Units

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue."""
        return clues.Within(_place(self.codes), origin, reliability)


class NotWithinRecord(ClueRecord):
    """The event did not happen inside units."""

    kind: Literal["not-within"]
    codes: Units

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue."""
        return clues.NotWithin(_place(self.codes), origin, reliability)


class NearRecord(ClueRecord):
    """The event happened at a distance from a landmark or unit, or at most so far from it."""

    kind: Literal["near"]
    landmark: LandmarkRecord | None = Field(None, description="this, or codes")
    codes: Units = ()
    distance_m: Number | None = Field(None, description="so far from it: a ring")
    at_most_m: Number | None = Field(None, description="within so far of it: a disc")
    sigma_m: Number | None = Field(None, description="default a quarter of the distance")

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue."""
        if (self.landmark is None) == (not self.codes):
            raise ClueError("landmark", "give either a landmark or codes to be near.")
        return clues.Near(
            self.landmark.landmark() if self.landmark else _place(self.codes),
            origin,
            reliability=reliability,
            **self._given("distance_m", "at_most_m", "sigma_m"),
        )


class BearingRecord(ClueRecord):
    """A landmark was seen in an azimuth from the event, or the event in one from a landmark."""

    kind: Literal["bearing"]
    landmark: LandmarkRecord
    azimuth_deg: Number = Field(description="0 to below 360, clockwise from true north")
    seen_from: Literal["event", "landmark"] | None = Field(None, description="default event")
    sigma_deg: Number | None = Field(None, description="default 5")
    declination_deg: Number | None = Field(
        None, description="east positive, added to the azimuth; about 3 in Kabul for a compass"
    )

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue."""
        return clues.Bearing(
            self.landmark.landmark(),
            self.azimuth_deg,
            origin,
            reliability=reliability,
            **self._given("seen_from", "sigma_deg", "declination_deg"),
        )


class BetweenRecord(ClueRecord):
    """The event happened between two landmarks."""

    kind: Literal["between"]
    a: LandmarkRecord
    b: LandmarkRecord
    sigma_m: Number | None = Field(None, description="across; default a quarter of their distance")

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue."""
        return clues.Between(
            self.a.landmark(),
            self.b.landmark(),
            origin,
            reliability=reliability,
            **self._given("sigma_m"),
        )


class AlongRecord(ClueRecord):
    """The event happened beside a road, river or other line."""

    kind: Literal["along"]
    line: Corners
    at_most_m: Number | None = Field(None, description="to either side; default 100")
    sigma_m: Number | None = Field(None, description="of that distance; default 50")
    name: Text | None = Field(None, description='e.g. "the Jalalabad road"')

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue."""
        return clues.Along(
            _line(self.line),
            origin,
            reliability=reliability,
            **self._given("at_most_m", "sigma_m", "name"),
        )


class ElevationBetweenRecord(ClueRecord):
    """The event happened at a height between two limits."""

    kind: Literal["elevation-between"]
    low_m: Number
    high_m: Number
    dem: RasterFile
    sigma_m: Number | None = Field(None, description="of a height; default 7.5")

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue."""
        return clues.ElevationBetween(
            self.low_m,
            self.high_m,
            self.dem,
            origin,
            reliability=reliability,
            **self._given("sigma_m"),
        )


class RampRecord(Record):
    """Weights that change evenly from one value of a raster to another."""

    start: Number
    end: Number
    start_weight: Number | None = Field(None, description="default 0")
    end_weight: Number | None = Field(None, description="default 1")

    def ramp(self) -> clues.Ramp:
        """Return it as clues take it."""
        return clues.Ramp(**self.model_dump(exclude_none=True))


class RasterRecord(ClueRecord):
    """The event happened on ground of a kind, as a raster file tells it."""

    kind: Literal["raster"]
    path: RasterFile
    what: Text = Field(description='the ground in words, e.g. "built-up land"')
    weights: dict[int, Number] | None = Field(None, description="of classes, e.g. {50: 1}")
    ramp: RampRecord | None = Field(
        None, description="or weights by value, e.g. {start: 0, end: 30, end_weight: 0.2}"
    )
    other: Number | None = Field(None, description="weight of classes not listed; default 0.1")

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue."""
        if (self.weights is None) == (self.ramp is None):
            raise ClueError("weights", "give either weights of classes or a ramp.")
        return clues.Raster(
            self.path,
            self.ramp.ramp() if self.ramp else self.weights or {},
            self.what,
            origin,
            reliability=reliability,
            **self._given("other"),
        )


class DrawnRecord(ClueRecord):
    """The event happened in an area that somebody drew, and is so sure of."""

    kind: Literal["drawn"]
    polygon: Corners
    confidence: Number | None = Field(
        None, description="0 to 1; default the evidence's reliability"
    )
    edge_sigma_m: Number | None = Field(None, description="of the line; default 0, a sharp one")
    name: Text | None = Field(None, description='e.g. "the foot of the ridge"')

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue."""
        confidence = reliability if self.confidence is None else self.confidence
        return clues.Drawn(
            polygon_of(self.polygon),
            origin,
            confidence=confidence,
            **self._given("edge_sigma_m", "name"),
        )


class SearchedRecord(ClueRecord):
    """Ground was searched and the event was not found there."""

    kind: Literal["searched"]
    polygon: Corners
    detection_probability: Number = Field(
        description="of finding it, had it been there, 0 to 1: your judgement"
    )
    name: Text | None = Field(None, description='e.g. "the imagery of 9 May"')

    def clue(self, origin: str, reliability: float) -> Clue:
        """Return the clue."""
        return clues.Searched(
            polygon_of(self.polygon),
            self.detection_probability,
            origin,
            reliability=reliability,
            **self._given("name"),
        )


class SameAsRecord(Record):
    """The event happened where another incident did, for reasons that are no claim."""

    kind: Literal["same-as"]
    incident: CaseId = Field(description="id of the other; its file lies beside this one")
    _folder: Path = PrivateAttr(default=Path())

    @property
    def file(self) -> Path:
        """Return the other incident's case file."""
        return self._folder / f"{self.incident}.yaml"

    @model_validator(mode="after")
    def _remembers_where_it_was_read(self, info: ValidationInfo) -> SameAsRecord:
        self._folder = Path((info.context or {}).get("folder", ""))
        return self


AnyClue = Annotated[
    WithinRecord
    | NotWithinRecord
    | NearRecord
    | BearingRecord
    | BetweenRecord
    | AlongRecord
    | ElevationBetweenRecord
    | RasterRecord
    | DrawnRecord
    | SearchedRecord
    | SameAsRecord,
    Field(discriminator="kind"),
]


def _place(codes: tuple[str, ...]) -> Place:
    return Place("", tuple(dict.fromkeys(codes)))


def polygon_of(corners: tuple[tuple[float, float], ...]) -> shapely.Polygon:
    """Return corners, lon and lat in WGS 84 degrees, as the polygon that they enclose."""
    if len(set(corners)) < 3:
        raise ClueError("polygon", f"needs 3 different corners or more, got {len(set(corners))}.")
    return shapely.Polygon(corners)


def _line(corners: tuple[tuple[float, float], ...]) -> shapely.LineString:
    if len(set(corners)) < 2:
        raise ClueError("line", f"needs 2 different points or more, got {len(set(corners))}.")
    return shapely.LineString(corners)
