"""Units: their names, kinds and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from geoloc import boundaries, geo
from geoloc.errors import PlaceError

POLICE_DISTRICTS = range(1, 23)
KIND_OF_LAYER = {
    "provinces": "province",
    "districts": "district",
    "police-districts": "police district",
}


def unit_name(code: str) -> str:
    """Return a unit's name with its kind: `PD22`, `Bagrami district`, `Kabul province`."""
    layer = boundaries.layer_of(code)
    name = boundaries.unit(code).name
    return name if layer == "police-districts" else f"{name} {KIND_OF_LAYER[layer]}"


@lru_cache(maxsize=256)
def in_common(one: str, other: str) -> str:
    """Return in words how little land two units share; empty where one is none or has no line."""
    if not one or not other:
        return ""
    shapes = [boundaries.unit(code).geometry for code in (one, other)]
    if any(shape.is_empty for shape in shapes):
        return ""
    flat = [geo.geometry_to_metres(shape) for shape in shapes]
    share = flat[0].intersection(flat[1]).area / flat[1].area
    return f"it holds {share:.0%} of {unit_name(other)}, and so they need not be one place"


def numbered_unit(number: int, system: str) -> str:
    """Return the code of the police district with a number, in the `nahia` or `hawza` system.

    A police hawza is another system; where the sources give it its nahia's number, that is meant.

    Raises
    ------
    PlaceError
        If a nahia's number is none of 1 to 22, or nobody says where the hawza lies.
    """
    if system == "hawza":
        return _nahia_of_hawza(number)
    if number not in POLICE_DISTRICTS:
        raise no_police_district(f"PD{number}")
    return f"AF-KBL-PD{number}"


def no_police_district(text: str) -> PlaceError:
    """Return the error for what is meant for a police district and is none."""
    return PlaceError(
        f"{text.strip()[:60]!r} is no police district: Kabul has PD1 to PD22, whole numbers,"
        " and one is asked for at a time."
    )


def _nahia_of_hawza(number: int) -> str:
    """Return the nahia whose police hawza has a number, where the sources give both the same.

    Raises
    ------
    PlaceError
        If they differ (18), or no source tells of such a hawza.
    """
    code = f"AF-KBL-PD{number}"
    homes = [unit.name for unit in _nahias() if number in unit.hawza]
    if homes == [f"PD{number}"]:
        return code
    if homes:
        raise PlaceError(
            f"Police hawza {number} is not municipal nahia {number}: the sources put it in"
            f" {', '.join(homes)}. Ask about that, or about a place by name."
        )
    raise PlaceError(
        f"No source that geoloc has says where police hawza {number} lies. Ask about a municipal"
        " police district (PD1 to PD22) or a place by name."
    )


def _nahias() -> Iterable[boundaries.Unit]:
    # The shipped edition alone tells the two systems apart.
    return boundaries.load_layer("police-districts", "nahia-2019").values()


_KIND_WORDS = {
    "province": r"\b(?:province|wilayat|welayat)\b|ولایت|ولايت",
    "district": r"\b(?:district|wuleswali|woleswali|wolaswali)\b|ولسوالی|ولسوالي|ولسوالۍ",
}


def split_kind(text: str) -> tuple[str, str | None]:
    """Take `district` or `province` off a name: it says which kind is meant."""
    for kind, pattern in _KIND_WORDS.items():
        rest, count = re.subn(pattern, " ", text, flags=re.IGNORECASE)
        if count and rest.strip():
            return rest, kind
    return text, None
