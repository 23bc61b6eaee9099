"""What makes a name that is alike no sure one: a number of it that is left out."""

from __future__ import annotations

from functools import lru_cache

from geoloc.gazetteer import folding

# Number words that end or begin names of places: `Kart-e Seh`, `Char Qala`. The words for nine and
# ten are other words too (no, village).
_NUMBERS = {
    word: str(number)
    for number, words in {
        1: "yak yek yaw یک یو",
        2: "do du dwa two دو دوه",
        3: "se seh sey dre three سه درې دری",
        4: "char chaar chahar chehar chor salor tsalor four چهار چار څلور",
        5: "panj pinza pindza five پنج پنځه",
        6: "shash shpag six شش شپږ",
        7: "haft uwa seven هفت اووه",
        8: "hasht ata eight هشت اته",
    }.items()
    for word in words.split()
}


_ENDINGS = ("i", "y", "Y")


@lru_cache(maxsize=20_000)
def numbers_in(name: str) -> frozenset[str]:
    """Return the numbers, in figures, that a name holds as words or figures of their own."""
    found = folding.words(name)
    told = (_NUMBERS.get(word, folding.sound(word)) for word in found)
    return frozenset(each for each in told if each.isdecimal())


@lru_cache(maxsize=1)
def _heard_as() -> dict[str, tuple[str, ...]]:
    """Return, per number, how its words are heard."""
    heard: dict[str, list[str]] = {}
    for word, number in _NUMBERS.items():
        heard.setdefault(number, []).append(folding.sound(word))
    return {number: tuple(each) for number, each in heard.items()}


def ends_otherwise(asked: str, spelling: str) -> bool:
    """Return whether one of two names ends in the -i that makes another name: Bagram, Bagrami."""
    return (folding.sound(asked)[-1:] in _ENDINGS) != (folding.sound(spelling)[-1:] in _ENDINGS)


def number_left_out(asked: frozenset[str], spelling: str) -> str:
    """Return a number that is asked for and that a spelling lacks, or an empty text.

    One that is joined to the spelling counts as told: `Chahar Deh` is `Chahardeh`.
    """
    missing = asked - numbers_in(spelling)
    if not missing:
        return ""
    heard = folding.sound(spelling).replace("(", "").replace(")", "")
    for number in sorted(missing):
        ends = _heard_as().get(number, ())
        if not any(heard.startswith(each) or heard.endswith(each) for each in ends):
            return number
    return ""
