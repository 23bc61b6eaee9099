"""Polygons drawn one by one, made into one coverage whose neighbours share their line.

All lines are laid on the grid of boundary files (1e-5°, about 1 m) and cut where they meet; each
face between them then belongs to one unit, to none (a gap) or to several (an overlap).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geoloc import geo
from geoloc.boundaries.topology import STEP_DEG
from geoloc.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Areal = Polygon | MultiPolygon
# A face whose mean width is below three steps (about 3 m) is an artefact of drawing, not a claim.
SLIVER_DEG = 3 * STEP_DEG


@dataclass(frozen=True, slots=True)
class Disputed:
    """Land that two or more units claim, or a gap that they enclose."""

    codes: tuple[str, ...]  # the claimants of an overlap; the neighbours of a gap
    area_km2: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """Units that share their lines."""

    shapes: dict[str, Areal]  # WGS 84 on whole steps; valid, no two overlap
    overlaps: tuple[Disputed, ...]  # largest first; each was given to the smaller claimant
    gaps: tuple[Disputed, ...]  # largest first; left as they are


def mended(shape: Areal) -> Areal:
    """Return an invalid polygon made valid.

    GEOS's `structure` method keeps what the rings mean; where even that leaves an invalid shape
    (44 of 5,000 degenerate cases) its `linework` method follows. Never `buffer(0)`, which loses
    area.

    Raises
    ------
    InputError
        If no area is left, or neither method helps.
    """
    for repaired in (
        shapely.make_valid(shape, method="structure", keep_collapsed=False),
        shapely.make_valid(shape, method="linework"),
    ):
        found = polygons_of(repaired)
        if not found.is_empty and found.is_valid:
            return found
    raise InputError("cannot be repaired")


def polygons_of(shape: shapely.Geometry | None) -> Areal:
    """Return the polygons of a geometry of any kind; empty where it has none."""
    parts = list(_polygons(shape))
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _polygons(shape: Any) -> Iterator[Polygon]:
    if isinstance(shape, Polygon) and not shape.is_empty:
        yield shape
    for part in getattr(shape, "geoms", ()):
        yield from _polygons(part)


def share_lines(shapes: Mapping[str, Areal]) -> Coverage:
    """Return units as one coverage.

    Parameters
    ----------
    shapes : mapping of code to Polygon or MultiPolygon
        WGS 84 degrees, valid, not empty.

    Notes
    -----
    Land that several units claim goes to the smallest of them by area (a unit drawn on top of its
    surroundings keeps its land), ties to the lower code. Slivers, whether claimed or not, go to
    the neighbour with which they share the longest line.

    Raises
    ------
    InputError
        If a unit is so small that nothing of it is left on the grid.
    """
    codes = sorted(shapes)
    lines = shapely.union_all([shapes[code].boundary for code in codes], grid_size=STEP_DEG)
    faces = np.array(shapely.get_parts(shapely.polygonize([lines])), dtype=object)
    claims = _claims(faces, [shapes[code] for code in codes])
    sizes = [shapes[code].area for code in codes]  # claimants of one spot share its latitude
    thin = 2 * shapely.area(faces) < SLIVER_DEG * shapely.length(faces)
    owner = np.array([min(found, key=lambda k: (sizes[k], k)) if found else -1 for found in claims])
    owner = _with_slivers(faces, owner, thin)
    return Coverage(
        shapes={code: _joined(code, faces[owner == k]) for k, code in enumerate(codes)},
        overlaps=_overlaps(faces, claims, thin, codes),
        gaps=_gaps(faces, claims, thin, owner, codes),
    )


def _claims(faces: NDArray[Any], shapes: list[Areal]) -> list[list[int]]:
    """Return which shapes hold each face, by a point inside it."""
    found: list[list[int]] = [[] for _ in faces]
    tree = shapely.STRtree(shapes)
    for face, shape in zip(
        *tree.query(shapely.point_on_surface(faces), predicate="intersects"), strict=True
    ):
        found[face].append(int(shape))
    return found


def _with_slivers(
    faces: NDArray[Any], owner: NDArray[np.int_], thin: NDArray[np.bool_]
) -> NDArray[np.int_]:
    """Give each sliver to the unit with which it shares the longest line."""
    given = owner.copy()
    tree = shapely.STRtree(faces)
    for sliver in np.flatnonzero(thin):
        shared: dict[int, float] = defaultdict(float)
        for other in tree.query(faces[sliver], predicate="intersects"):
            if not thin[other] and owner[other] >= 0:
                line = shapely.intersection(faces[sliver].boundary, faces[other].boundary)
                shared[int(owner[other])] += line.length
        if shared and max(shared.values()) > 0:
            given[sliver] = max(shared, key=lambda k: (shared[k], -k))
    return given


def _joined(code: str, faces: NDArray[Any]) -> Areal:
    """Return the faces of one unit as one shape, every corner that a neighbour needs kept."""
    if not len(faces):
        raise InputError(f"{code} is smaller than the grid of 1e-5 degree (about 1 m), or covered.")
    whole = shapely.coverage_union_all(faces)
    # union_all rounds to multiples of the step; this gives the double nearest to the decimal.
    return polygons_of(shapely.transform(whole, lambda corners: np.round(corners, 5)))


def _overlaps(
    faces: NDArray[Any], claims: list[list[int]], thin: NDArray[np.bool_], codes: list[str]
) -> tuple[Disputed, ...]:
    areas: dict[tuple[str, ...], float] = defaultdict(float)
    for face, found, sliver in zip(faces, claims, thin, strict=True):
        if len(found) > 1 and not sliver:
            for pair in combinations(sorted(found), 2):
                areas[tuple(codes[k] for k in pair)] += geo.area_km2(face)
    return _largest_first(areas)


def _gaps(
    faces: NDArray[Any],
    claims: list[list[int]],
    thin: NDArray[np.bool_],
    owner: NDArray[np.int_],
    codes: list[str],
) -> tuple[Disputed, ...]:
    tree = shapely.STRtree(faces)
    areas: dict[tuple[str, ...], float] = defaultdict(float)
    for number in np.flatnonzero([not found for found in claims] & ~thin):
        around = tree.query(faces[number], predicate="intersects")
        beside = sorted({codes[owner[other]] for other in around if owner[other] >= 0})
        areas[tuple(beside)] += geo.area_km2(faces[number])
    return _largest_first(areas)


def _largest_first(areas: Mapping[tuple[str, ...], float]) -> tuple[Disputed, ...]:
    found = [Disputed(codes, area) for codes, area in areas.items()]
    return tuple(sorted(found, key=lambda each: (-each.area_km2, each.codes)))
