"""What was taken in from a file from outside: layers of features, each with what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from geoloc import geo

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True)
class Repair:
    """How a geometry that is not valid is mended: only because the user asked for it."""

    reason: str  # why it is not valid
    change_m2: float  # area after, less the area inside the rings as they were drawn
    area_km2: float = 0.0  # afterwards; 0 for points and lines
    otherwise_km2: float = 0.0  # the area that the other way to mend it would give


@dataclass(frozen=True, slots=True)
class TakenFeature:
    """One shape with its name and its values; nothing of it is trusted."""

    geometry: BaseGeometry | None  # WGS 84, (lon, lat); None where the file has none
    name: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None  # what is wrong with it, and what to do
    repaired: Repair | None = None
    offered: Repair | None = None  # what a repair, if asked for, would change
    usable: bool = True  # False: not fit to be drawn as it stands
    proposed: tuple[float, float] | None = None  # lon, lat of its first corner, axes swapped

    @property
    def abroad(self) -> bool:
        """Return whether it is usable and lies, or reaches, outside Afghanistan's box."""
        if self.geometry is None or not self.usable:
            return False
        west, south, east, north = self.geometry.bounds
        box = geo.AFGHANISTAN
        return west < box[0] or south < box[1] or east > box[2] or north > box[3]


@dataclass(frozen=True, slots=True)
class TakenLayer:
    """One layer of a file, in the file's order."""

    name: str
    features: tuple[TakenFeature, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """A whole file: all its layers, and what a person should know of how they were read."""

    name: str
    kind: str  # geojson, kml, gpkg, shp, fgb, gpx, parquet, csv or xlsx
    layers: tuple[TakenLayer, ...]
    notes: tuple[str, ...] = ()
