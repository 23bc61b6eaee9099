"""Names to places."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoloc import AmbiguousPlaceError, PlaceError, PlaceNotFoundError
from geoloc.gazetteer import fold, gazetteer, police_district, resolve_unit


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("PD22", "AF-KBL-PD22"),
        ("pd 22", "AF-KBL-PD22"),
        ("P.D. 22", "AF-KBL-PD22"),
        ("PD-22", "AF-KBL-PD22"),
        ("Police District 1", "AF-KBL-PD1"),
        ("nahia 11", "AF-KBL-PD11"),
        ("ناحیه ۲۲", "AF-KBL-PD22"),
        ("AF-KBL-PD15", "AF-KBL-PD15"),
        ("af0104", "AF0104"),
        ("Bagrami", "AF0104"),
        ("bagrami district", "AF0104"),
        ("بگرامی", "AF0104"),
        ("Shakardara", "AF0106"),
        ("Shakar Dara district", "AF0106"),
        ("Deh Sabz", "AF0105"),
        ("Kabul province", "AF01"),
        ("Kabul district", "AF0101"),
    ],
)
def test_a_name_or_number_finds_its_unit(text: str, code: str) -> None:
    """However it is written, it is one unit."""
    assert resolve_unit(text) == code


@pytest.mark.parametrize("text", ["PD0", "PD23", "PD1.5", "nahia 99", "ناحیه ۲۳"])
def test_an_impossible_police_district_is_refused(text: str) -> None:
    """The message says which numbers there are."""
    with pytest.raises(PlaceError, match="PD1 to PD22"):
        resolve_unit(text)


def test_numbers_are_exact() -> None:
    """PD1 never matches PD11 by likeness."""
    (only,) = gazetteer().search("PD1")
    assert only.code == "AF-KBL-PD1"
    assert police_district("PD11") == "AF-KBL-PD11"
    for text in ("PD 1 1", "PD1/5", "PD 1-2", "PD2²", "PDs 11 and 15", "PD" + "9" * 5000):
        with pytest.raises(PlaceError, match="PD1 to PD22"):
            resolve_unit(text)
    assert police_district("Bagrami") is None


def test_an_unknown_name_offers_the_nearest() -> None:
    """A misspelt district leads to the right one."""
    with pytest.raises(PlaceNotFoundError, match="Bagrami district"):
        resolve_unit("Bagramy")
    with pytest.raises(PlaceNotFoundError, match="nothing is close"):
        resolve_unit("zzzzqqqqxxxx")


def test_a_name_of_two_units_asks_which() -> None:
    """Kabul is a province and a district."""
    with pytest.raises(AmbiguousPlaceError, match=r"AF0101.*AF01\b"):
        resolve_unit("Kabul")


@pytest.mark.parametrize("text", ["Shakardara", "شکردره", "Butkhak", "Pul-e Charkhi"])
def test_settlements_are_found_with_where_they_lie(text: str) -> None:
    """A candidate has a point in Kabul, its parents and the reason it matched."""
    best = gazetteer().search(text)[0]
    assert best.score >= 80
    assert best.why
    assert "AF01" in best.parents or best.code == "AF0106"


def test_a_neighbourhood_is_found_in_every_police_district_it_is_told_of() -> None:
    """Khair Khana spans PD11 and PD15, and the source that says so is named."""
    best = gazetteer().search("Khair Khana")[0]
    assert best.exact
    assert {"AF-KBL-PD11", "AF-KBL-PD15"} <= set(best.parents)
    assert best.parents[-1] == "AF01"
    assert "PD11 by IEC Afghanistan" in best.why
    assert "PD15 by IEC Afghanistan" in best.why
    wahid = gazetteer().search("Qala-e Wahid")[0]
    assert {"AF-KBL-PD5", "AF-KBL-PD13"} <= set(wahid.parents)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=80))
def test_any_text_is_searched_or_refused(text: str) -> None:
    """No text breaks the search, and scores are in order."""
    try:
        found = gazetteer().search(text)
    except PlaceError:
        return
    scores = [candidate.score for candidate in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)


def test_spellings_of_one_name_fold_to_one() -> None:
    """Arabic and Persian letters, marks, hyphens and spaces do not part a name from itself."""
    assert fold("بګرامي") == fold("بگرامى") == fold("بگرامی")
    assert fold("Shakar-Dara") == fold("shakardāra")


def test_a_police_hawza_is_not_matched_by_likeness() -> None:
    """Hawza 5 has its nahia's number; hawza 18 lay in nahia 13; of hawza 20 nobody tells."""
    assert gazetteer().search("hawza 5")[0].code == "AF-KBL-PD5"
    assert resolve_unit("حوزه \u06f5") == "AF-KBL-PD5"
    with pytest.raises(PlaceError, match=r"not municipal nahia 18: the sources put it in PD13"):
        resolve_unit("police hawza 18")
    with pytest.raises(PlaceError, match="No source that geoloc has"):
        gazetteer().search("hawza 20")
