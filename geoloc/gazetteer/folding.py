"""Spellings brought to a form that can be compared: by letters, and by sound in both scripts.

`fold` forgives only how letters are drawn: marks, case, hyphens, Arabic or Persian shapes. `sound`
says how a name is heard, in one small alphabet for Latin and Arabic script, and `COSTS` say how
far two of its letters are apart: Russian *kh* and Persian *h* are near, *q* and *m* are not.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

LONGEST = 120  # characters of a name that are read; no place has a longer one
_MOST_WORDS = 20

_ONE_LETTER = str.maketrans(
    {
        "ي": "ی", "ى": "ی", "ې": "ی", "ۍ": "ی", "ئ": "ی", "ك": "ک", "ګ": "گ", "ة": "ه",
        "ۀ": "ه", "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ؤ": "و", "ځ": "ز", "څ": "س",
        "ښ": "ش", "ړ": "ر", "ډ": "د", "ټ": "ت", "ڼ": "ن", "ء": "", "ʻ": "", "ʼ": "",
    }
)  # fmt: skip


def fold(text: str) -> str:
    """Bring a spelling to the form in which equal ones are equal: no marks, spaces or case."""
    plain = unicodedata.normalize("NFKD", text.translate(_ONE_LETTER).casefold())
    kept = (str(unicodedata.decimal(c, c)) for c in plain if c.isalnum())
    return "".join(kept)


# The alphabet of sounds. Capitals: A ا, V و, Y ی, H ه, E ع, G gh, S sh, T ts, Z zh, D dh; x is kh,
# c is ch. A letter of Arabic script stands for several sounds, so that it is a sound of its own.
_SOUNDS = "abcdefghijklmnopqrstuvwxyzASTZDGVYHE0123456789"
ONLY_LATIN = frozenset("aeiouwy")
_OF_ARABIC = {
    **dict.fromkeys("اآأإٱ", "A"), **dict.fromkeys("تطټٹ", "t"), **dict.fromkeys("ثسص", "s"),
    **dict.fromkeys("ځذزضظ", "z"), **dict.fromkeys("دډڈ", "d"), **dict.fromkeys("رړڑ", "r"),
    **dict.fromkeys("شښ", "S"), **dict.fromkeys("کكڪ", "k"), **dict.fromkeys("ګگ", "g"),
    **dict.fromkeys("نڼں", "n"), **dict.fromkeys("وؤۇ", "V"), **dict.fromkeys("یيىېۍئے", "Y"),
    **dict.fromkeys("هةۀہھەۂ", "H"), **dict.fromkeys("ژږ", "Z"),
    "ب": "b", "پ": "p", "ج": "j", "چ": "c", "څ": "T", "ح": "h", "خ": "x", "ع": "E", "غ": "G",
    "ف": "f", "ق": "q", "ل": "l", "م": "m",
}  # fmt: skip
_OF_LATIN = {
    "dzh": "j", "tsch": "c", "tch": "c", "sch": "S", "kh": "x", "gh": "G", "sh": "S", "ch": "c",
    "zh": "Z", "ph": "f", "th": "t", "dh": "D", "ts": "T", "ck": "k", "ow": "aw", "au": "aw",
    "ou": "u", "oo": "u", "ee": "i", "ai": "ay", "ei": "ay", "ey": "ay", "ae": "ay", "oa": "ua",
    "v": "w",
}  # fmt: skip
_LATIN_CLUSTER = re.compile("|".join(_OF_LATIN))
_PLAIN_LATIN = str.maketrans(
    {
        "š": "sh", "ŝ": "sh", "č": "ch", "ć": "ch", "ž": "zh", "ğ": "gh", "ġ": "gh", "\u0131": "i",
        "ø": "o", "ð": "d", "đ": "d", "ə": "a", "æ": "a", "ł": "l", "ß": "s", "þ": "th", "œ": "o",
    }
)  # fmt: skip
_NO_LETTER = re.compile("[\u02bb\u02bc\u2018\u2019\u02be\u02bf'`´ʹ\u0640\u064b-\u0655\u0670\u200d]")
_NO_WORD = re.compile(r"[^\w\u0300-\u036f]+|_")
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
_ORDINALS = {
    word: str(number)
    for number, words in enumerate(
        (
            "first awal awwal اول لومړی", "second duwom dowom doum duum دوم دویم",
            "third sewom sewum seyum سوم درېیم دریم", "fourth chaharum chaharom چهارم څلورم",
            "fifth panjum panjom پنجم پنځم",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
# The vowel that joins two words of a name is not written in Arabic script, and "o" is "and".
_JOINTS = {"e", "i", "ye", "yi", "o", "u", "و"}
# Words that only tell the kind of place. Those of a line are one word, written in several ways.
_SYNONYMS = 10  # lines; the last one is of many kinds
_KINDS = """
    qala qalai qalah qalaye qalae qaleh qalla qal kala kalah kalai kalaye
    kelay kalay kalai kelai
    khel kheyl khil kheil khail
    qarya qaryah qaryeh qariya qarye
    karez kariz
    deh dih
    قلعه قلعۀ قلا کلا
    کلی کلي
    خیل خيل خېل
    کاریز کارېز كاريز
    قریه قريه ده ولسوالی ولسوالۍ منطقه سیمه شهرک shahrak district village area township town
"""


def words(text: str) -> list[str]:
    """Return the words of a name: small letters, Latin digits, no apostrophes and joiners."""
    plain = (
        unicodedata.normalize("NFKC", text[:LONGEST]).casefold()[:LONGEST].replace("\u200c", " ")
    )
    plain = _NO_LETTER.sub("", plain)
    plain = "".join(str(unicodedata.decimal(c, c)) for c in plain)
    return [word for word in _NO_WORD.split(_ORDINAL.sub(r"\1", plain)) if word]


@lru_cache(maxsize=50_000)
def _heard(word: str) -> str:
    """Return the sounds of one word, doubled ones once."""
    if word in _ORDINALS:
        return _ORDINALS[word]
    if is_arabic(word):
        plain = "".join(_OF_ARABIC.get(c, c if c.isascii() and c.isdigit() else "") for c in word)
    else:
        plain = unicodedata.normalize("NFKD", word.translate(_PLAIN_LATIN))
        plain = "".join(c for c in plain if c.isascii() and c.isalnum())
        plain = re.sub(r"([a-z])\1+", lambda m: {"e": "i", "o": "u"}.get(m[1], m[1]), plain)
        plain = _LATIN_CLUSTER.sub(lambda m: _OF_LATIN[m[0]], plain)
        plain = re.sub(r"(?<=[aeiou])h$", "", plain)  # qal'ah, Khwajah: the h is not heard
    return re.sub(r"(\D)\1+", r"\1", plain)


def is_arabic(text: str) -> bool:
    """Return whether a text is written in Arabic script, at least in part."""
    return any("\u0600" <= c <= "\u06ff" or "\u0750" <= c <= "\u077f" for c in text)


_OF_KIND = {
    _heard(word): _heard(line.split()[0]) if number < _SYNONYMS else _heard(word)
    for number, line in enumerate(_KINDS.strip().splitlines())
    for word in line.split()
}


def sounds(text: str) -> list[str]:
    """Return a name's words by sound; one that only tells the kind of place is in brackets.

    `Qal'ah-ye Jabār` is `(qala)`, `jabar`. Words of other scripts have no sound here.
    """
    found = words(text)[:_MOST_WORDS]
    heard = [_heard(word[:LONGEST]) for word in found if not (word in _JOINTS and len(found) > 1)]
    return [f"({_OF_KIND[each]})" if each in _OF_KIND else each for each in heard if each]


def sound(text: str) -> str:
    """Return how a name is heard, without spaces, the words that tell its kind in brackets."""
    return "".join(sounds(text))


@dataclass(frozen=True, slots=True)
class Costs:
    """What it costs to leave out a sound, and to hear one for another; 0 is the same."""

    leave: Floats  # (letters,)
    swap: Floats  # (letters, letters)


_LETTERS = len(_SOUNDS) + 1  # 0 stands for nothing
_KIND_SHARE = 0.55  # of its cost, for a sound in a word that only tells the kind of place
_CODE = {letter: number for number, letter in enumerate(_SOUNDS, start=1)}
_ASIDE = 0xE000  # where no letter is, so that none is taken for a code or the other way round
_IN_BRACKETS = str.maketrans({c: chr(_ASIDE + n) for c, n in _CODE.items()})
_CODED = str.maketrans(
    {
        **{c: chr(n) for c, n in _CODE.items()},
        **{chr(_ASIDE + n): chr(n + _LETTERS) for n in _CODE.values()},
    }
)
_BRACKETS = re.compile(r"\(([^()]*)\)")


def encode(heard: str) -> bytes:
    """Return a sound as the numbers of its letters, those in brackets above all others."""
    inside = _BRACKETS.sub(lambda m: m[1].translate(_IN_BRACKETS), heard)
    return inside.translate(_CODED).encode("latin-1")


def _costs(*, across: bool) -> Costs:
    """Return the costs between spellings of one script, or across two."""
    leave = np.ones(_LETTERS, np.float32)
    leave[0] = 0
    leave[[_CODE[c] for c in "0123456789"]] = 2
    for letter, cost in _LEFT_OUT.items():
        leave[_CODE[letter]] = cost
    swap = leave[:, None] + leave[None, :]
    np.fill_diagonal(swap, 0)
    for cost, pairs in _HEARD_FOR.items():
        for pair in pairs.split():
            one, other = _CODE[pair[0]], _CODE[pair[1]]
            swap[one, other] = swap[other, one] = cost
    if across:  # short vowels are not written in Arabic script
        for letter, cost in _LEFT_OUT_ACROSS.items():
            leave[_CODE[letter]] = cost
        swap = np.minimum(swap, leave[:, None] + leave[None, :])
    both = np.concatenate([leave, leave * np.float32(_KIND_SHARE)])
    return Costs(both, np.tile(swap, (2, 2)))


# Judged by hand, from how the gazetteer's sources spell the same place.
_LEFT_OUT = {
    "a": 0.22, "e": 0.2, "i": 0.22, "o": 0.22, "u": 0.25, "y": 0.35, "h": 0.45, "w": 0.6,
    "A": 0.4, "V": 0.5, "Y": 0.4, "H": 0.3, "E": 0.2,
}  # fmt: skip
_LEFT_OUT_ACROSS = {
    "a": 0.1, "e": 0.05, "i": 0.07, "o": 0.08, "u": 0.1, "y": 0.3, "h": 0.4,
    "A": 0.3, "V": 0.45, "Y": 0.35, "H": 0.2, "E": 0.1,
}  # fmt: skip
_HEARD_FOR = {
    0.0: "hH Aa Vo Vu Vw Yi Ye Yy",
    0.05: "Ea Ee",
    0.08: "ou Ha He",
    0.1: "zZ dD ae ei iy Ao Ei Eo Eu",
    0.12: "qk gG Ae Ai Au",
    0.15: "ey uw EA",
    0.18: "ai ao",
    0.2: "xh xH zD au ay ow",
    0.25: "qg qG kG kg sS eo eu iu io Hi HA",
    0.3: "Zg Va Ya HE",
    0.35: "zj jZ pb",
    0.4: "xk xq cS cs cT sT",
    0.45: "xG dz",
    0.5: "ck zs Sx zT dt pf fw bw AV AY",
    0.6: "cj ct jg nm",
    0.7: "rl bf VY",
}

SAME_SCRIPT, ACROSS_SCRIPTS = _costs(across=False), _costs(across=True)

# Sounds that are often heard for each other count as one when candidates are looked for.
_CLASSES = ("qkgG", "xhH", "sScTzZjD", "dt", "pbf", "wV", "l", "m", "n", "r")
CLASS_OF = np.full(2 * _LETTERS, len(_CLASSES), np.uint8)
for _number, _letters in enumerate(_CLASSES):
    for _letter in _letters:
        CLASS_OF[[_CODE[_letter], _CODE[_letter] + _LETTERS]] = _number
CLASSES = len(_CLASSES)
