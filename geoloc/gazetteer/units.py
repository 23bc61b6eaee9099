"""Units as people write them: codes, numbers of police districts, kinds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from geoloc import boundaries
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


_POLICE_DISTRICT = re.compile(
    r"(?:p\.?\s*d\.?|police\s+district|nahia|nahiya|ناحیه|ناحيه)\s*[-#:]?\s*"
    r"(?:no\.?\s*)?([-+]?[\d.,]{1,12})",
    re.IGNORECASE,
)
# `22nd police district`, `۲۲مه ناحیه`, `district 22 of Kabul`; without Kabul a district is any.
_AS_TOLD = re.compile(
    r"(?:the\s+)?(?:(?P<a>\d{1,3})\s*(?:st|nd|rd|th|مه)\s+"
    r"(?:police\s+district|nahiya|nahia|ناحیه|ناحيه)"
    r"|district\s+(?:no\.?\s*)?(?P<b>\d{1,3})(?:,|\s+of|\s+in)\s+kabul(?:\s+city)?"
    r"|(?P<c>\d{1,3})(?:st|nd|rd|th)\s+district(?:,|\s+of|\s+in)\s+kabul(?:\s+city)?)",
    re.IGNORECASE,
)
# Whatever else begins so and holds a number is meant for one, and is never matched by likeness.
_MEANT_FOR_ONE = re.compile(
    r"(?:p\.?\s?d\.?s?|police\s+districts?|nahias?|nahiyas?|ناحیه|ناحيه)\W{0,5}(?:no\.?\s?)?\d",
    re.IGNORECASE,
)


_HAWZA = re.compile(
    r"(?:police\s+|security\s+)?(?:hawza|hauza|hawzah|حوزه|حوزهٔ|حوزۀ)\s*(?:no\.?\s*|#)?(\d{1,3})",
    re.IGNORECASE,
)


def police_district(text: str) -> str | None:
    """Return the code of a police district written as a number, or None if it is not one.

    A police hawza is another system; where the sources give it its nahia's number, that is meant.

    Raises
    ------
    PlaceError
        If the number is none of 1 to 22.
    """
    digits = "".join(str(unicodedata.decimal(c, c)) for c in text.strip()[:200])
    if hawza := _HAWZA.fullmatch(digits):
        return _nahia_of_hawza(int(hawza[1]))
    found = _POLICE_DISTRICT.fullmatch(digits.replace("٫", "."))
    told = _AS_TOLD.fullmatch(digits)
    if not (found or told or _MEANT_FOR_ONE.match(digits)):
        return None
    number = found[1] if found else told[told.lastgroup or 0] if told else ""
    if not (number.isdigit() and int(number) in POLICE_DISTRICTS):
        raise PlaceError(
            f"{text.strip()[:60]!r} is no police district: Kabul has PD1 to PD22, whole numbers,"
            " and one is asked for at a time."
        )
    return f"AF-KBL-PD{int(number)}"


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


def written_code(text: str) -> str | None:
    """Return the code that a text is: a unit's own, or a police district's number; else None.

    Raises
    ------
    PlaceError
        If the text is a police district with an impossible number.
    """
    if code := police_district(text):
        return code
    code = text.strip().upper()
    return code if re.fullmatch(r"AF\d{2}(?:\d{2})?|AF-KBL-PD\d{1,2}", code) else None


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
