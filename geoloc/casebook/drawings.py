"""What investigators draw: shapes on the map with their grounds, and numbered features in photos.

A drawing either says something about where it happened, and then becomes a value of `geoloc.clues`
like any other evidence, or only marks something. Geometry is GeoJSON, WGS 84, [lon, lat].
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import shapely
from pydantic import AfterValidator, Field, model_validator

from geoloc import clues, geo
from geoloc.casebook.clues import Number
from geoloc.casebook.fields import Record, Text
from geoloc.clues import RELIABILITY, Clue
from geoloc.errors import ClueError

SHA256 = r"^[0-9a-f]{64}$"
_MOST_CORNERS = 20_000  # a province's line has fewer

Share = Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]
Position = tuple[Number, Number]
Means = Literal["area", "searched", "along", "near", "bearing", "mark"]
# What a drawing of each meaning may be drawn as, and what it must say.
_SHAPES: dict[Means, tuple[str, ...]] = {
    "area": ("Polygon", "MultiPolygon"),
    "searched": ("Polygon", "MultiPolygon"),
    "along": ("LineString",),
    "near": ("Point",),
    "bearing": ("Point",),
    "mark": ("Point", "LineString", "Polygon", "MultiPolygon"),
}


class Shape(Record):
    """A GeoJSON geometry, WGS 84: positions are [lon, lat] in degrees."""

    type: Literal["Point", "LineString", "Polygon", "MultiPolygon"]
    coordinates: (
        Position
        | tuple[Position, ...]
        | tuple[tuple[Position, ...], ...]
        | tuple[tuple[tuple[Position, ...], ...], ...]
    )

    def geometry(self) -> Any:
        """Return it as shapely geometry, (lon, lat)."""
        return shapely.geometry.shape(self.model_dump())

    @model_validator(mode="after")
    def _is_one(self) -> Shape:
        example = "e.g. {type: Point, coordinates: [69.27, 34.49]}"
        try:
            drawn = self.geometry()
        except (shapely.GEOSException, ValueError, TypeError, IndexError) as error:
            raise ValueError(f"coordinates do not make a {self.type}, {example}") from error
        corners = shapely.get_coordinates(drawn)
        if drawn.is_empty or drawn.geom_type != self.type:
            raise ValueError(f"coordinates do not make a {self.type}, {example}")
        if len(corners) > _MOST_CORNERS:
            raise ValueError(
                f"it has {len(corners):,} corners; at most {_MOST_CORNERS:,} are possible"
            )
        for lon, lat in corners:
            geo.check_point(float(lon), float(lat))
        if not drawn.is_valid:
            why = shapely.is_valid_reason(drawn)
            raise ValueError(
                f"the {self.type} is not valid ({why}); draw it without crossing itself"
            )
        return self


class Drawing(Record):
    """A shape that somebody drew, what it means for the place of the event, and on what grounds."""

    name: Text
    means: Means = Field(
        description="area: it happened inside; searched: it was looked for inside and not found;"
        " along: beside the line; near: at a distance from the point; bearing: the point was seen"
        " in an azimuth, or the event from it; mark: nothing about where it happened"
    )
    geometry: Shape
    origin: Text | None = Field(
        None, description="the material it was seen in; one origin counts once. Not for a mark"
    )
    confidence: Share = Field(
        RELIABILITY, description="how surely it is not plain wrong: your judgement, 0 to 1"
    )
    sigma_m: Number | None = Field(
        None,
        description="metres: of an area's edge, of a distance, or of what lies along a line",
    )
    landmark_sigma_m: Number | None = Field(None, description="σ of the point, metres; default 10")
    distance_m: Number | None = Field(None, description="near: so far from it, a ring")
    at_most_m: Number | None = Field(None, description="near: within so far; along: to either side")
    azimuth_deg: Number | None = Field(
        None, description="bearing: 0 to below 360, clockwise from true north"
    )
    seen_from: Literal["event", "landmark"] | None = Field(None, description="default event")
    sigma_deg: Number | None = Field(None, description="bearing: default 5")
    detection_probability: Share | None = Field(
        None, description="searched: of finding it, had it been there, 0 to 1"
    )
    rationale: Text | None = Field(None, description="why it is drawn here")
    method: Text | None = Field(None, description='e.g. "roof lines matched in imagery of 2023-05"')
    author: Text | None = None
    drawn_on: dt.date | None = None
    sources: tuple[Text, ...] = Field((), description="ids of entries in sources", max_length=50)

    @property
    def locates(self) -> bool:
        """Return whether it says anything about where the event happened."""
        return self.means != "mark"

    def clue(self) -> Clue:
        """Return what it says about the place.

        Raises
        ------
        ClueError
            If it is a mark, or a setting is missing or makes no sense; `field` names it.
        """
        shape, origin, trust = self.geometry.geometry(), self.origin or "", self.confidence
        if self.means == "area":
            edge = self._given(edge_sigma_m=self.sigma_m)
            return clues.Drawn(shape, origin, confidence=trust, name=self.name, **edge)
        if self.means == "searched":
            if self.detection_probability is None:
                raise ClueError("detection_probability", "is missing; there is no default for it.")
            return clues.Searched(
                shape, self.detection_probability, origin, reliability=trust, name=self.name
            )
        if self.means == "along":
            width = self._given(sigma_m=self.sigma_m, at_most_m=self.at_most_m)
            return clues.Along(shape, origin, reliability=trust, name=self.name, **width)
        sigma_m = 10.0 if self.landmark_sigma_m is None else self.landmark_sigma_m
        landmark = clues.Landmark(self.name, shape.x, shape.y, sigma_m=sigma_m)
        if self.means == "near":
            far = self._given(
                distance_m=self.distance_m, at_most_m=self.at_most_m, sigma_m=self.sigma_m
            )
            return clues.Near(landmark, origin, reliability=trust, **far)
        if self.means == "bearing":
            if self.azimuth_deg is None:
                raise ClueError("azimuth_deg", "is missing; a bearing needs its direction.")
            seen = self._given(seen_from=self.seen_from, sigma_deg=self.sigma_deg)
            return clues.Bearing(landmark, self.azimuth_deg, origin, reliability=trust, **seen)
        raise ClueError("means", "is mark, which says nothing about where it happened.")

    @staticmethod
    def _given(**settings: Any) -> dict[str, Any]:
        """Return the settings that are not left to the clue's own defaults."""
        return {name: value for name, value in settings.items() if value is not None}

    @model_validator(mode="after")
    def _makes_sense(self) -> Drawing:
        possible = _SHAPES[self.means]
        if self.geometry.type not in possible:
            kinds = " or ".join(possible)
            raise ValueError(f"{self.means} is drawn as {kinds}, got a {self.geometry.type}")
        if self.locates:
            if not self.origin:
                raise ValueError(
                    f"{self.name!r} says where it happened, so it needs an origin: the material"
                    " that it was seen in"
                )
            self.clue()
        return self


def _inside_the_folder(path: str) -> str:
    parts = path.replace("\\", "/").split("/")
    if path.startswith("/") or ":" in path or {"..", ""} & set(parts):
        raise ValueError(f"{path!r} must be a path inside the case's folder, e.g. photos/a.jpg")
    return path


class Feature(Record):
    """Something that is seen in a photo and, if it was found, on the map: a numbered pair."""

    number: int = Field(ge=1, le=99)
    x: Share = Field(description="share of the width, from the left")
    y: Share = Field(description="share of the height, from the top")
    name: Text | None = None
    lon: Number | None = Field(None, description="WGS 84 degrees, where it was found on the map")
    lat: Number | None = None

    @model_validator(mode="after")
    def _placed_or_not(self) -> Feature:
        if (self.lon is None) != (self.lat is None):
            raise ValueError(f"feature {self.number} needs both lon and lat, or neither")
        if self.lon is not None and self.lat is not None:
            geo.check_point(self.lon, self.lat)
        return self


class Photo(Record):
    """A photo or a frame of a video that features were marked in."""

    file: Annotated[Text, AfterValidator(_inside_the_folder)] = Field(
        description="its path from the case's folder, e.g. photos/ab12….jpg"
    )
    sha256: str = Field(pattern=SHA256, description="of the file, to tell if it was changed")
    origin: Text = Field(description="the material it is, as in evidence; one origin counts once")
    caption: Text | None = None
    graphic: bool = Field(False, description="shows violence or the dead; reports leave it out")
    source: Text | None = Field(None, description="id of an entry in sources")
    features: tuple[Feature, ...] = Field((), max_length=99)
    ridge: tuple[tuple[Share, Share], ...] = Field(
        (),
        description="the skyline as traced, [x, y] shares from the left and the top",
        max_length=2000,
    )
    blur: tuple[tuple[Share, Share, Share, Share], ...] = Field(
        (),
        description="faces and bodies that figures never show: [x, y, width, height] shares from"
        " the left and the top",
        max_length=200,
    )

    @model_validator(mode="after")
    def _boxes_hold_something(self) -> Photo:
        for x, y, wide, high in self.blur:
            if not (wide and high) or max(x + wide, y + high) > 1 + 1e-9:
                raise ValueError(
                    f"blur [{x:g}, {y:g}, {wide:g}, {high:g}] must be [x, y, width, height] with an"
                    " area inside the photo, e.g. [0.4, 0.2, 0.1, 0.15]"
                )
        return self

    @model_validator(mode="after")
    def _each_number_once(self) -> Photo:
        numbers = [feature.number for feature in self.features]
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            raise ValueError(f"feature number {twice[0]} stands twice in {self.file}")
        return self
