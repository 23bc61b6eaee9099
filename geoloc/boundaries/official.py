"""Official layers: a polygon file from outside becomes an edition of the user's own.

`propose` reads and checks a file and changes nothing on disk; `keep` writes what was proposed: the
boundary file first, its record next, the choice last, so that a process killed half-way leaves
what was there before, and at worst a file that no record names.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from geoloc import fence, files, geo
from geoloc.boundaries import codes
from geoloc.boundaries.comparison import Comparison, compare, shapes_of
from geoloc.boundaries.coverage import Areal, Coverage, Disputed, share_lines
from geoloc.boundaries.editions import Edition, choose, edition_of, record, require_own
from geoloc.boundaries.incoming import Request, check_request, read_units, some
from geoloc.boundaries.layers import Layer, load_layer
from geoloc.boundaries.topology import topology_text
from geoloc.errors import EditionError, InputError

if TYPE_CHECKING:
    import geopandas as gpd

_DISPUTE_KM2 = 0.0005  # an overlap below 500 m² in all is not worth a question


@dataclass(frozen=True, slots=True)
class Proposal:
    """A checked layer that could become an edition, and what the checks found."""

    request: Request
    edition_id: str
    source_name: str
    source_sha256: str
    units: gpd.GeoDataFrame  # index code; name, name_fa, parent, ...; geometry WGS 84
    areas_km2: dict[str, float]
    notes: tuple[str, ...]  # what a person should know before saying yes
    missing: tuple[str, ...]  # codes that the edition in use has and this one lacks
    added: tuple[str, ...]  # codes that only this one has
    repairs_m2: dict[str, float]  # change of area of each unit that was repaired
    overlaps: tuple[Disputed, ...]  # largest first
    gaps: tuple[Disputed, ...]
    current: str  # the edition in use that it was compared with
    comparison: Comparison = field(repr=False)


def propose(path: Path | str, request: Request) -> Proposal:
    """Read and check a file; nothing is written.

    Raises
    ------
    InputError
        If the file, or what was said of it, cannot be used; one line names every problem found.
    CRSError
        If the file has no CRS, or one that cannot be read.
    EditionError
        If its id cannot be one.
    """
    edition_id = check_request(request)
    current = load_layer(request.layer)
    incoming = read_units(fence.read_outside(path), request, current)
    coverage = share_lines(incoming.shapes)
    _require_settled(coverage, request)
    units = _units(coverage, incoming.about, request, current)
    return Proposal(
        request=request,
        edition_id=edition_id,
        source_name=codes.clean(Path(path).name),
        source_sha256=hashlib.sha256(Path(path).read_bytes()).hexdigest(),
        units=units,
        areas_km2={code: geo.area_km2(shape) for code, shape in coverage.shapes.items()},
        notes=incoming.notes,
        missing=tuple(sorted(_expected(request.layer, current) - set(units.index))),
        added=tuple(sorted(set(units.index) - _expected(request.layer, current))),
        repairs_m2=incoming.repairs_m2,
        overlaps=coverage.overlaps,
        gaps=coverage.gaps,
        current=current.edition.id,
        comparison=compare(shapes_of(current), coverage.shapes),
    )


def _expected(layer: str, current: Layer) -> set[str]:
    return set(codes.POLICE_DISTRICTS) if layer == "police-districts" else set(current)


def _require_settled(coverage: Coverage, request: Request) -> None:
    """Refuse units that claim the same land, unless repair was asked for; check the result."""
    disputed = [each for each in coverage.overlaps if each.area_km2 > _DISPUTE_KM2]
    if disputed and not request.repair:
        pairs = [f"{'/'.join(each.codes)} {each.area_km2:.3f} km²" for each in disputed]
        raise InputError(
            f"{len(disputed)} pair(s) of units overlap: {some(pairs)}. Mend them, or add --repair:"
            " it gives such land to the smaller unit of the two."
        )
    shapes = list(coverage.shapes.values())
    if not (shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes)):
        raise InputError("The units cannot be made to share their lines; mend the file in a GIS.")


def _units(
    coverage: Coverage, about: Mapping[str, Mapping[str, Any]], request: Request, current: Layer
) -> gpd.GeoDataFrame:
    """Return the units as our boundary files hold them."""
    import geopandas as gpd

    rows = []
    for code in coverage.shapes:
        said, known = about[code], current.get(code)
        name = codes.clean(said.get(request.name_field or ""), 100)
        name_fa = codes.clean(said.get(request.name_fa_field or ""), 100)
        aliases: list[str] = []
        if request.layer == "police-districts":
            aliases = [word for word in (name, name_fa) if word]
            name, name_fa = codes.police_district_names(code)
        rows.append(
            {
                "name": name or (known.name if known else code),
                "name_fa": name_fa or (known.name_fa if known else ""),
                "parent": known.parent if known else _parent(code, coverage.shapes[code]),
                "aliases": aliases,
                "system": request.system if request.layer == "police-districts" else None,
                "sigma_m": request.accuracy_m,
            }
        )
    shapes = list(coverage.shapes.values())
    return gpd.GeoDataFrame(rows, index=list(coverage.shapes), geometry=shapes, crs=geo.WGS84)


def _parent(code: str, shape: Areal) -> str:
    """Return the unit above: from the code, or from where the shape lies if the code is silent."""
    if not code.startswith("GB"):
        return codes.parent_of(code)
    centre = shape.representative_point()
    provinces = shapes_of(load_layer("provinces"))
    return next((key for key, area in provinces.items() if area.contains(centre)), "AF")


def keep(proposal: Proposal, folder: Path, *, replace: bool = False, today: str = "") -> Edition:
    """Write a proposal as an edition of a folder, and let it answer for its layer.

    Parameters
    ----------
    proposal : Proposal
        What `propose` returned.
    folder : Path
        The user's folder or a project's; made if it is not there.
    replace : bool
        Whether an edition of the same id in the same folder may be replaced.
    today : str, optional
        ISO date on which the file was got; by default today's, UTC.

    Raises
    ------
    EditionError
        If there is such an edition already, or the folder is the shipped one.
    OutputError
        If something cannot be written; what was there before is whole.
    """
    request, layer = proposal.request, proposal.request.layer
    require_own(folder)
    earlier = require_free(proposal.edition_id, layer, folder, replace=replace)
    metadata = {"edition": proposal.edition_id, "source_sha256": proposal.source_sha256}
    content = topology_text({layer: proposal.units}, metadata).encode("utf-8")
    sha256 = hashlib.sha256(content).hexdigest()
    # The hash in the name lets the new file stand beside the one that it replaces.
    name = f"{layer}-{proposal.edition_id}.{sha256[:8]}.topojson"
    files.write_whole(folder / name, content)
    publisher = codes.clean(request.publisher)
    record(
        folder,
        f"{layer}-{proposal.edition_id}",
        {
            "file": name,
            "title": codes.clean(request.title) or f"{_TITLES[layer]}, {request.valid_on}",
            "publisher": publisher,
            "url": codes.clean(request.url),
            "licence": codes.clean(request.licence),
            "attribution": codes.clean(request.attribution) or publisher,
            "valid_on": request.valid_on,
            "accuracy_m": request.accuracy_m,
            "edition": proposal.edition_id,
            "layers": [layer],
            "approximate": False,
            "note": _note(proposal),
            "retrieved_on": today or dt.datetime.now(dt.UTC).date().isoformat(),
            "sha256": sha256,
        },
    )
    choose(layer, proposal.edition_id, folder)
    if earlier and earlier.path.name != name:
        earlier.path.unlink(missing_ok=True)
    return edition_of(layer, proposal.edition_id)


_TITLES = {
    "provinces": "Afghanistan provinces",
    "districts": "Afghanistan districts",
    "police-districts": "Kabul police districts",
}


def require_free(
    edition_id: str, layer: str, folder: Path, *, replace: bool = False
) -> Edition | None:
    """Return the edition that would be replaced, None if the id is free, or raise."""
    try:
        earlier = edition_of(layer, edition_id)
    except EditionError:
        return None
    if earlier.path.parent != folder:
        raise EditionError(
            f"Edition {edition_id!r} of {layer} is there already, in {earlier.path.parent}; give"
            " this one another --id."
        )
    if not replace:
        raise EditionError(
            f"Edition {edition_id!r} of {layer} is there already; add --replace, or give this one"
            " another --id."
        )
    return earlier


def _note(proposal: Proposal) -> str:
    repaired = [f"{code} ({m2:+,.0f} m²)" for code, m2 in proposal.repairs_m2.items()]
    parts = [
        codes.clean(proposal.request.note),
        f"Imported from {proposal.source_name}, SHA-256 {proposal.source_sha256}.",
        f"Repaired: {some(repaired)}." if repaired else "",
        f"{len(proposal.overlaps)} overlap(s) given to the smaller unit."
        if proposal.overlaps
        else "",
    ]
    return " ".join(part for part in parts if part)
