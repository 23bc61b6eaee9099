"""Darwin Core out: an event a row, in the terms by which museums and archives exchange places.

Terms are those of the TDWG standard (dwc.tdwg.org/terms); the place follows the point-radius method
of Chapman & Wieczorek, "Georeferencing Best Practices" (GBIF, 2020), by `casebook.precision`: a
point in the middle of the likely area, its radius as the uncertainty, the area as footprint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from geoloc import files
from geoloc.casebook import coarse, precision
from geoloc.exchange import shown
from geoloc.exchange.points import losses_of, write_csv

if TYPE_CHECKING:
    from geoloc.casebook import Finding, Incident
    from geoloc.casebook.precision import Precision

TERMS = (
    "eventID", "eventType", "eventDate", "eventTime", "eventRemarks",
    "country", "countryCode", "verbatimLocality", "locality", "locationRemarks",
    "decimalLatitude", "decimalLongitude", "geodeticDatum", "coordinateUncertaintyInMeters",
    "footprintWKT", "footprintSRS",
    "georeferencedBy", "georeferencedDate", "georeferenceProtocol", "georeferenceSources",
    "georeferenceRemarks", "georeferenceVerificationStatus",
    "dataGeneralizations", "informationWithheld", "associatedReferences",
)  # fmt: skip
_BETWEEN = " | "  # Darwin Core's own mark between values of a list


def write_darwin(
    findings: Sequence[Finding], path: Path, *, exact: bool = False
) -> tuple[str, ...]:
    """Write findings as a Darwin Core event table (CSV), a row an incident.

    Parameters
    ----------
    findings : sequence of Finding
        What `investigate` returned.
    path : Path
        A .csv file. Cells that a spreadsheet would run have a quote before them.
    exact : bool
        Whether to write places as exactly as they were found; else nothing finer than 1 km.

    Returns
    -------
    tuple of str
        What the file does not hold as the case does, as sentences.

    Raises
    ------
    OutputError
        If it cannot be written; what was there before is untouched.
    """
    items, losses = shown.items(findings, exact=exact)
    told = findings if exact else [*map(coarse.published, findings)]
    rows = [_row(finding, exact=exact) for finding in told]
    with files.writing_whole(path) as temporary:
        write_csv([TERMS, *([row.get(term) for term in TERMS] for row in rows)], temporary)
    drawn = sum(item.layer == "drawing" for item in items)
    kept = [f"{drawn} drawing(s) have no term in Darwin Core and stay at home."] if drawn else []
    return (*losses, *kept, *losses_of(".csv", items))


def _row(finding: Finding, *, exact: bool) -> dict[str, Any]:
    incident = finding.incident
    found = precision.precision_of(finding, exact=exact)
    return {
        "eventID": incident.id,
        "eventType": "Claimed raid or other incident",
        "eventDate": incident.date.isoformat(),
        "eventTime": incident.time,
        "eventRemarks": f"{incident.title}. {incident.summary}",
        "country": "Afghanistan",
        "countryCode": "AF",
        "verbatimLocality": _joined(claim.place for claim in incident.claims),
        "locationRemarks": "Verbatim localities are claimed, and not verified.",
        "associatedReferences": _joined(source.url or source.title for source in incident.sources),
        **(_georeference(finding, found, exact=exact) if found else _no_georeference(finding)),
        "informationWithheld": None if exact else _withheld(incident),
    }


def _georeference(finding: Finding, found: Precision, *, exact: bool) -> dict[str, Any]:
    locality = f"{precision.MASS:.0%} likely area"
    return {
        "locality": locality,
        "decimalLatitude": found.lat,
        "decimalLongitude": found.lon,
        "geodeticDatum": "EPSG:4326",
        "coordinateUncertaintyInMeters": round(found.radius_m),
        "footprintWKT": shapely.to_wkt(found.footprint, rounding_precision=-1),
        "footprintSRS": "EPSG:4326",
        "georeferencedBy": _joined(_authors(finding.incident, exact=exact)),
        "georeferencedDate": max(
            (d.drawn_on.isoformat() for d in finding.incident.drawings if d.drawn_on), default=None
        ),
        "georeferenceProtocol": precision.PROTOCOL,
        "georeferenceSources": _joined(_origins(finding.incident, exact=exact)),
        "georeferenceRemarks": (
            f"Approximate: {locality}. {finding.incident.geolocation.reason} {shown.CAVEAT}"
        ),
        "georeferenceVerificationStatus": "requires verification",
        "dataGeneralizations": "Footprint in squares of 1 km." if found.coarse else None,
    }


def _no_georeference(finding: Finding) -> dict[str, Any]:
    tried = finding.status == "not-possible"
    return {
        "georeferenceRemarks": finding.incident.geolocation.reason,
        "georeferenceVerificationStatus": (
            "unable to georeference" if tried else "requires georeference"
        ),
    }


def _authors(incident: Incident, *, exact: bool) -> Iterable[str | None]:
    yield from (evidence.by for evidence in incident.evidence if evidence.locates)
    if exact:  # who drew at home is nobody's business abroad
        yield from (drawing.author for drawing in incident.drawings if drawing.locates)


def _origins(incident: Incident, *, exact: bool) -> Iterable[str | None]:
    yield from (evidence.origin for evidence in incident.evidence if evidence.locates)
    if exact:  # drawings stay at home, and so does what they were seen in
        yield from (drawing.origin for drawing in incident.drawings if drawing.locates)


def _withheld(incident: Incident) -> str | None:
    if not incident.drawings and not incident.photos:
        return None
    return "Drawings and photos with their features are kept by the investigators."


def _joined(words: Iterable[str | None]) -> str | None:
    return _BETWEEN.join(dict.fromkeys(word for word in words if word)) or None
