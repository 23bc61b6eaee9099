"""geoloc: check where a claimed raid in Kabul can have happened.

Everything public is here, and loads when it is first used, so that `import geoloc` is quick::

    import geoloc

    lon, lat = geoloc.parse_coordinates("34.4938, 69.2743")
    geoloc.locate(lon, lat)
    finding = geoloc.investigate(geoloc.read_case("2023-05-08-bagrami-pd22"))
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Public name -> the module that holds it.
_HOME = {
    "AmbiguousPlaceError": "errors",
    "Candidate": "gazetteer",
    "CaseError": "errors",
    "Claim": "casebook",
    "ClueError": "errors",
    "CoordinateError": "errors",
    "Edition": "boundaries",
    "EditionError": "errors",
    "Evidence": "casebook",
    "Finding": "casebook",
    "Gazetteer": "gazetteer",
    "GeolocError": "errors",
    "Grid": "geo",
    "Incident": "casebook",
    "InputError": "errors",
    "IntegrityError": "errors",
    "LikelyArea": "area",
    "Location": "boundaries",
    "OutputError": "errors",
    "PageError": "errors",
    "Place": "gazetteer",
    "PlaceError": "errors",
    "PlaceNotFoundError": "errors",
    "Prior": "area",
    "Region": "area",
    "Standing": "boundaries",
    "Unit": "boundaries",
    "Verdict": "verdict",
    "Within": "clues",
    "casebook_map": "maps",
    "check": "boundaries",
    "editions": "boundaries",
    "finding_map": "maps",
    "format_dms": "geo",
    "format_mgrs": "geo",
    "investigate": "casebook",
    "likely_area": "area",
    "load_boundaries": "boundaries",
    "locate": "boundaries",
    "membership": "boundaries",
    "parse_coordinates": "geo",
    "read_case": "casebook",
    "resolve_unit": "gazetteer",
    "seal": "maps",
    "uniform_prior": "area",
    "verify": "verdict",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'geoloc' has no attribute {name!r}")
    value = getattr(import_module(f"geoloc.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
