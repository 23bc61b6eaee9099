"""What is not sure of a name is said, and never silently taken for the first that is alike."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import xlsxwriter

from geoloc import AmbiguousPlaceError, PlaceError, PlaceNotFoundError, geo
from geoloc.gazetteer import gazetteer, read_phrase, resolve_unit, unit_senses

GEOLOC = str(Path(sys.executable).parent / "geoloc")
BAGRAM = (69.265, 34.967)


def find(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `geoloc find`."""
    return subprocess.run(
        [GEOLOC, "find", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def rows_of(sheet: str) -> list[list[str]]:
    """Return the cells of a sheet of found names, without its header."""
    return [line.split("\t") for line in sheet.splitlines()[1:]]


@pytest.mark.parametrize("text", ["Bagram", "بگرام"])
def test_bagram_is_not_bagrami(text: str) -> None:
    """It is the district in Parwan, and Bagrami is no place that is called so."""
    assert gazetteer().search(text)[0].code == "AF0302" or text != "Bagram"
    assert gazetteer().resolve(text).codes in {("AF0302",), ()}
    assert all(each.id != "kbl-bagrami" for each in gazetteer().search(text)[:2])


@pytest.mark.parametrize(
    "phrase", ["near Bagram", "north of Bagram", "road from Bagram to Charikar", "near AF0302"]
)
def test_a_phrase_of_bagram_lies_there(phrase: str) -> None:
    """Every part of a phrase is read as it is alone; Bagrami lies 52 km away."""
    (area,) = gazetteer().search(phrase)
    shares = area.place().membership(*([each] for each in BAGRAM))  # type: ignore[arg-type]

    assert shares is not None
    assert shares[0] > 0.5
    assert "Bagrami" not in area.why


@pytest.mark.parametrize(
    "phrase", ["between Kabul and Bagram", "road from Kabul to Bagram", "سرک کابل بگرام"]
)
def test_a_line_to_bagram_is_as_long_as_the_way(phrase: str) -> None:
    """It is 45 km to Bagram, and was 9 km to Bagrami."""
    (area,) = gazetteer().search(phrase)

    assert area.across_m is not None
    assert area.across_m > 40_000


def test_a_part_that_may_be_two_places_makes_the_phrase_ask() -> None:
    """Each reading is shown, and none of them is resolved."""
    found = gazetteer().search("near Surobi")

    assert len(found) == 2
    with pytest.raises(AmbiguousPlaceError, match=r"'Surobi' can be 2 places.*AF0115.*AF1210"):
        gazetteer().resolve("near Surobi")
    assert gazetteer().resolve("near AF0115").area is not None


def test_around_kabul_is_around_the_district() -> None:
    """The province holds the district, so that `north of Kabul` does not ask which of them."""
    assert gazetteer().resolve("north of Kabul").area is not None
    with pytest.raises(AmbiguousPlaceError):
        gazetteer().resolve("Kabul")


@pytest.mark.parametrize(
    "text",
    [
        "Green Zone", "Sarak-e Naw", "Sherino", "Gul Bagh", "Shomali", "Akbar Khan Wazir",
        "Taimani Seh", "Makroryan 2", "=1+1", "Pul-e Charkhi prison",
    ],
)  # fmt: skip
def test_what_is_only_alike_is_not_resolved(text: str) -> None:
    """Other words, another order, a number left out, vowels that only one script writes."""
    reading = gazetteer().read(text)

    assert reading.status == "unsure"
    assert reading.best is None
    with pytest.raises(PlaceError):
        gazetteer().resolve(text)


def test_a_reason_names_what_is_unlike() -> None:
    """The doubt is told in words."""
    names = gazetteer()

    assert "other script" in names.read("Sherino").reason
    assert "-i" in names.read("Shomali").reason
    with pytest.raises(PlaceNotFoundError, match="did you mean Taimani"):
        names.resolve("Taimani Seh")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Parwan Se", "Parwan-e Seh"),
        ("Parwan-e 2", "Parwan-e Do"),
        ("پروان سه", "Parwan-e Seh"),
        ("Sherpur", "Sherpur"),
        ("Khwaja Rawash", "Khwaja Rawash"),
        ("Kabul International Airport", "Kabul airport"),
        ("باغ بابر", "Bagh-e Babur"),
        ("Bala Hissar", "Bala Hissar"),
        ("Qala-e Musa", "Qala-e Musa"),
        ("Omid-e Sabz", "Omid-e Sabz"),
    ],
)
def test_a_known_place_without_a_position_has_none(text: str, name: str) -> None:
    """It is not taken for another, and nothing is invented."""
    reading = gazetteer().read(text)

    assert reading.best is not None
    assert (reading.best.name, reading.best.lon, reading.best.lat) == (name, None, None)
    assert "no source gives a position" in reading.reason
    assert gazetteer().resolve(text).geometry is None
    with pytest.raises(PlaceError, match="Nobody gives a position"):
        gazetteer().resolve(f"near {text}")


@pytest.mark.parametrize(
    "text",
    [
        "outside Kabul", "just outside of Bagrami", "not in Kabul", "خارج از کابل",
        "بیرون از بگرامی", "له کابل بهر",
    ],
)  # fmt: skip
def test_outside_a_place_is_not_the_place(text: str) -> None:
    """Where it was not is no area; the message says what to ask for."""
    with pytest.raises(PlaceError, match="only where it was not"):
        gazetteer().search(text)
    with pytest.raises(PlaceError, match="only where it was not"):
        gazetteer().resolve(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Bagrami, PD8", r"holds \d+% of PD8"),
        ("Paghman, PD22", "holds 0% of PD22"),
        ("Wazir Akbar Khan, PD22", "hardly any of it is in PD22"),
    ],
)
def test_a_place_and_a_unit_elsewhere_contradict(text: str, told: str) -> None:
    """The unit that is named beside a place is not dropped."""
    with pytest.raises(PlaceError, match=told):
        gazetteer().resolve(text)


def test_a_place_and_a_unit_that_holds_it_agree() -> None:
    """`Kabul` beside a district is the province, beside a neighbourhood either."""
    names = gazetteer()

    assert names.resolve("Surobi, Kabul").codes == ("AF0115",)
    assert names.resolve("Surobi, Paktika").codes == ("AF1210",)
    assert names.resolve("Bagrami, Kabul province").codes == ("AF0104",)
    assert names.resolve("Bagrami, PD22").area is not None
    assert names.resolve("Wazir Akbar Khan, Kabul, Afghanistan").area is not None
    assert unit_senses("Bagrami, Kabul") == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Kabul PD1", "AF-KBL-PD1"),
        ("Kabul district 8", "AF-KBL-PD8"),
        ("Kabul City PD 22", "AF-KBL-PD22"),
        ("Kabul, PD 22", "AF-KBL-PD22"),
        ("15th security district", "AF-KBL-PD15"),
        ("۱۵ حوزه", "AF-KBL-PD15"),
        ("۱۵ ناحیه", "AF-KBL-PD15"),
        ("کابل، ناحیه هشتم", "AF-KBL-PD8"),
    ],
)
def test_more_ways_to_write_a_police_district(text: str, code: str) -> None:
    """With the city before it, and with the number before the word."""
    assert resolve_unit(text) == code


def test_a_count_of_districts_is_none_of_them() -> None:
    """`15 police districts` counts them."""
    with pytest.raises(PlaceError, match="one is asked for at a time"):
        resolve_unit("15 police districts")


def test_the_centre_of_a_place_is_a_quarter_of_it() -> None:
    """A disc about the middle, as far as the place reaches."""
    (area,) = gazetteer().search("central Kabul")
    whole = gazetteer().resolve("AF0101").geometry
    assert area.area is not None
    assert whole is not None
    assert 0.15 < geo.area_km2(area.area.geometry) / geo.area_km2(whole) <= 0.25
    assert read_phrase("Dasht-e Barchi") is None


def test_a_border_lies_along_both() -> None:
    """Of two that meet it is a strip; of two that do not, none is drawn."""
    (strip,) = gazetteer().search("border of PD 8 and PD 16")
    assert strip.area is not None
    assert 1 < geo.area_km2(strip.area.geometry) < 30
    with pytest.raises(PlaceError, match="PD 8 and PD 12 do not meet"):
        gazetteer().resolve("border of PD 8 and PD 12")


def test_between_a_place_and_itself_is_nowhere() -> None:
    """No circle is drawn about one place."""
    assert gazetteer().search("between Kabul and Kabul") == ()
    with pytest.raises(PlaceError, match="named twice"):
        gazetteer().resolve("between Kabul and Kabul")


def test_in_a_place_is_the_place() -> None:
    """And its words are no exact spelling."""
    assert gazetteer().search("in Bagrami")[0].code == "AF0104"
    assert unit_senses("in Bagrami") == ()


@pytest.mark.parametrize("text", ["Bagh-e Bala", "باغ بالا", "Bagrami", "Khair Khana"])
def test_no_score_is_above_a_hundred(text: str) -> None:
    """Rounding gives none away."""
    assert gazetteer().search(text)[0].score == 100


def test_a_label_of_the_lists_is_shown_as_a_name() -> None:
    """And none is shown with the marks of a table."""
    assert gazetteer().resolve("kbl-deh-sabz-district-21").name == "kbl-deh-sabz-district-21"
    named = [each.name for each in gazetteer().search("Deh Sabz", 8)]
    assert "Deh Sabz, PD21" in named
    assert not any("_" in each for each in named)


def test_a_file_says_how_sure_each_name_is(tmp_path: Path) -> None:
    """A code or point stands only where one place is surely meant; else what it may be."""
    names = tmp_path / "names.txt"
    names.write_text("=1+1\nKabul\nButkhak\nPD99\n\nSherpur\n", encoding="utf-8")

    done = find("--file", names)
    by_name = {row[0]: row[1:] for row in rows_of(done.stdout)}

    assert done.stdout.splitlines()[0].split("\t")[:3] == ["Asked", "Status", "Name"]
    assert [row[0] for row in by_name.values()] == [
        "unsure", "ambiguous", "sure", "unsure", "empty", "sure",
    ]  # fmt: skip
    assert by_name["Kabul"][1:5] == [""] * 4
    assert "AF0101" in by_name["Kabul"][6]
    assert by_name["=1+1"][1:5] == [""] * 4
    assert by_name["Butkhak"][4] == "34.5000, 69.3520"
    assert by_name["Butkhak"][5] == "100"
    assert by_name["Sherpur"][4] == ""
    assert "PD1 to PD22" in by_name["PD99"][6]
    told = [json.loads(line) for line in find("--file", names, "--json").stdout.splitlines()]
    assert [each["status"] for each in told[:3]] == ["unsure", "ambiguous", "sure"]


def test_a_table_without_a_header_loses_no_name(tmp_path: Path) -> None:
    """A first row that is a place is read as one, and any other is told of."""
    bare, titled = tmp_path / "bare.csv", tmp_path / "titled.csv"
    bare.write_text("Butkhak\nBagrami\n", encoding="utf-8")
    titled.write_text("toponym of it\nBagrami\n", encoding="utf-8")

    assert [row[0] for row in rows_of(find("--file", bare).stdout)] == ["Butkhak", "Bagrami"]
    assert "was read as a name" in find("--file", bare).stderr
    assert [row[0] for row in rows_of(find("--file", titled).stdout)] == ["Bagrami"]
    assert "'toponym of it', was taken for the column's header" in find("--file", titled).stderr


def test_a_workbook_is_read_as_it_is_typed(tmp_path: Path) -> None:
    """22 stays 22, what holds nothing is told of, and another sheet can be named."""
    path = tmp_path / "names.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Names")
        for row, cell in enumerate(("place", "Butkhak", 22, None, "Bagrami")):
            sheet.write(row, 0, cell)
        sheet.write_formula(3, 0, "=A1", value="")  # never reckoned by a spreadsheet
        book.add_worksheet("Other").write_column(0, 0, ["place", "Paghman"])

    done = find("--file", path)

    assert [row[0] for row in rows_of(done.stdout)] == ["Butkhak", "22", "Bagrami"]
    assert "1 row(s) in between hold nothing" in done.stderr
    assert "--layer names another" in done.stderr
    assert rows_of(find("--file", path, "--layer", "Other").stdout)[0][0] == "Paghman"
    assert find("Bagrami", "--layer", "Other").returncode == 2


def test_an_empty_file_of_names_is_refused(tmp_path: Path) -> None:
    """One line, and the exit code of a mistake."""
    names = tmp_path / "names.txt"
    names.write_text("\n\n", encoding="utf-8")

    done = find("--file", names)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "is empty" in done.stderr


def test_one_name_says_whether_it_is_sure() -> None:
    """What is not sure is said below the table, and no next step is offered."""
    done = find("Sherino")
    assert "Unsure" in done.stdout
    assert "Next:" not in done.stdout
    assert "Ambiguous" in find("near", "Surobi").stdout
    refused = find("outside", "Kabul")
    assert refused.returncode == 2
    assert "only where it was not" in refused.stderr
