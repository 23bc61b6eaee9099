"""Codes of units: how files write them, and the one form in which geoloc keeps them."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from geoloc.errors import InputError

_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
POLICE_DISTRICTS = tuple(f"AF-KBL-PD{number}" for number in range(1, 23))
_POLICE_DISTRICT = re.compile(
    r"(?:(?:af-?kbl-?pd|police district|municipal district|district|nahia|nahiya|nahya|hawza"
    r"|p\.?d\.?|ناحیه|حوزه)\s*(?:no\.?|number|#|-|_|:)?)?\s*0*(\d{1,4})(?:\.0+)?"
)
_P_CODE = re.compile(r"(?:af\s*-?)?(\d{1,4})(?:\.0+)?")
_SAME = str.maketrans({"ي": "ی", "ى": "ی", "ة": "ه", "ۀ": "ه", "\u2010": "-", "\u2013": "-"})


def read_code(layer: str, value: Any) -> str:
    """Return the code that a value of a file's code field means.

    Parameters
    ----------
    layer : str
        `provinces`, `districts` or `police-districts`.
    value : object
        For police districts a number from 1 to 22 in any usual dress: 22, "22.0", "PD22",
        "AF-KBL-PD22", "ناحیه ۲۲". For districts and provinces a P-code: "AF0104", 104, "AF01", 1.

    Returns
    -------
    str
        `AF-KBL-PD22`, `AF0104` or `AF01`.

    Raises
    ------
    InputError
        If it is no such code; the message is a phrase with the value.
    """
    word = _folded(value)
    if layer == "police-districts":
        found = _POLICE_DISTRICT.fullmatch(word)
        if found and f"AF-KBL-PD{int(found[1])}" in POLICE_DISTRICTS:
            return f"AF-KBL-PD{int(found[1])}"
        raise InputError(f"{_shown(value)} is no police district from 1 to 22")
    digits = 4 if layer == "districts" else 2
    if (found := _P_CODE.fullmatch(word)) and digits - 1 <= len(found[1]) <= digits:
        return f"AF{found[1].zfill(digits)}"
    example = "AF0104" if layer == "districts" else "AF01"
    raise InputError(f"{_shown(value)} is no P-code like {example}")


def _folded(value: Any) -> str:
    """Return the value as small letters and Latin digits without marks nobody sees."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFKC", "" if value is None else str(value)).translate(_SAME)
    seen = (c for c in text if unicodedata.category(c) not in {"Cf", "Cc", "Mn"})
    return "".join(str(unicodedata.decimal(c, c)) for c in seen).strip().lower()


def _shown(value: Any) -> str:
    return "an empty value" if value in (None, "") else repr(str(value)[:40])


def police_district_names(code: str) -> tuple[str, str]:
    """Return the Latin and the Dari name of a police district: PD22, ناحیه ۲۲."""
    number = code.removeprefix("AF-KBL-PD")
    return f"PD{number}", f"ناحیه {number.translate(_PERSIAN_DIGITS)}"


def parent_of(code: str) -> str:
    """Return the code of the unit that holds a unit: AF0104 → AF01; a police district → AF01."""
    if code in POLICE_DISTRICTS:
        return "AF01"
    return code[:4] if re.fullmatch(r"AF\d{4}", code) else "AF"


def clean(text: Any, most: int = 200) -> str:
    """Return a text from outside on one line, without control and direction marks."""
    if text is None:
        return ""
    keep = {"\u200c", "\u200d"}  # joiners are part of how Persian is spelt
    bare = "".join(
        " " if c in "\t\r\n" else c
        for c in str(text)
        if c in keep or c in "\t\r\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs"}
    )
    return " ".join(bare.split(" ")).strip()[:most]
