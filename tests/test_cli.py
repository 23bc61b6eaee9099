"""The command line, as a person and as a script meet it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from geoloc import cli, files

SIX = {
    "2022-07-06-khairkhana-315",
    "2022-10-21-kabul-pd8",
    "2022-11-12-khairkhana-pd15",
    "2023-05-05-bagrami-pd22",
    "2023-05-08-bagrami-pd22",
    "2023-05-08-shakardara",
}


class Outcome:
    """What a command printed and how it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        """Return the one JSON document on standard output."""
        return json.loads(self.out)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Return a function that runs geoloc in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GEOLOC_CASES", raising=False)

    def call(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["geoloc", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err)

    return call


def test_where_keeps_the_promise_to_scripts(run: Any) -> None:
    """The JSON of `where` has the keys of interface.md, PDs sorted by membership."""
    done = run("where", "34.4938", "69.2743", "--json")
    assert done.status == 0
    found = done.json
    assert (found["lon"], found["lat"]) == (69.2743, 34.4938)
    assert found["province"]["code"] == "AF01"
    assert found["district"]["code"] == "AF0104"
    assert found["district"]["edition"] == "ocha-2018"
    first = found["police_districts"][0]
    assert first["code"] == "AF-KBL-PD22"
    assert first["system"] == "nahia"
    assert first["approximate"] is True
    shares = [each["membership"] for each in found["police_districts"]]
    assert shares == sorted(shares, reverse=True)
    assert min(shares) >= 0.01
    assert sum(shares) + found["none_membership"] == pytest.approx(1, abs=0.02)
    assert found["distance_to_line_m"] >= 0


def test_where_says_approximate_in_words(run: Any) -> None:
    """A person reads the caveat, and the next command to type."""
    done = run("where", "34.4938", "69.2743")
    assert "approximate, computed from labelled localities" in done.out
    assert "Next: geoloc check" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_check_keeps_the_promise_to_scripts(run: Any) -> None:
    """The JSON of `check` has the keys of interface.md."""
    found = run("check", "34.5855, 69.1525", "PD15", "--json").json
    assert found["place"] == "PD15"
    assert found["code"] == "AF-KBL-PD15"
    assert found["inside"] is True
    assert found["membership"] >= 0.5
    assert found["distance_to_line_m"] > 0
    assert found["edition"] == "nahia-2019"
    assert found["approximate"] is True
    assert [other["edition"] for other in found["other_editions"]] == ["iec-2014"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("34.5855, 69.1525", "Bagrami", "district"),
        ("34.5855", "69.1525", "Bagrami district"),
        ("34.5855,", "69.1525", "AF0104"),
    ],
)
def test_fail_on_outside_exits_1(run: Any, arguments: tuple[str, ...]) -> None:
    """Quoted or not, a point outside fails the check that asked for it, and only that one."""
    assert run("check", *arguments).status == 0
    done = run("check", *arguments, "--fail-on", "outside", "--json")
    assert done.status == 1
    assert done.json["inside"] is False
    assert done.json["distance_to_line_m"] < 0


def test_check_of_a_unit_without_a_line_is_null(run: Any) -> None:
    """PD20 gives null and the reason, not a number."""
    done = run("check", "34.4", "69.15", "PD20", "--json")
    assert done.status == 0
    assert done.json["membership"] is None
    assert done.json["inside"] is None
    assert "Chahar Asyab" in done.json["note"]


@pytest.mark.parametrize("place", ["34.4093 69.1556", "34.62 69.3"])
def test_the_outer_police_districts_have_finite_answers(run: Any, place: str) -> None:
    """PD18 and PD19 lie in several pieces, and a JSON number is never infinite."""
    for code in ("PD18", "PD19"):
        done = run("check", place, code, "--json")
        assert "Infinity" not in done.out
        assert abs(done.json["distance_to_line_m"]) < 50_000
    assert "hawza 18" in " ".join(run("check", "34.496 69.062", "PD18").out.split())


def test_the_readme_shows_what_where_prints(run: Any) -> None:
    """Its example is what the command prints today, to the letter."""
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert run("where", "34.4938", "69.2743").out.strip() in readme


def test_every_picture_of_a_readme_is_there() -> None:
    """No broken picture on the first page, nor among the maps."""
    root = Path(__file__).parent.parent
    for page in (root / "README.md", root / "maps/README.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), (page.name, link)


def test_where_names_a_police_district_without_a_line(run: Any) -> None:
    """In Chahar Asyab somewhere lies PD20; in Herat there is nothing to say."""
    assert "PD20 may be here too" in run("where", "34.4093", "69.1556").out
    assert "Kabul's only" in run("where", "34.35", "62.2").out


def test_find_keeps_the_promise_to_scripts(run: Any) -> None:
    """Candidates have name, kind, point, score, why and parents."""
    found = run("find", "Shakardara", "--limit", "3", "--json").json
    assert found["query"] == "Shakardara"
    assert 1 <= len(found["candidates"]) <= 3
    assert {"name", "kind", "lon", "lat", "score", "why", "parents"} <= found["candidates"][
        0
    ].keys()
    assert "Shakar Dara" in run("find", "Shakardara").out


def test_case_list_and_show(run: Any) -> None:
    """The six cases are listed oldest first, and the geolocated one is shown whole."""
    listed = run("case", "list", "--json").json
    assert [case["date"] for case in listed] == sorted(case["date"] for case in listed)
    assert {case["id"] for case in listed} >= SIX
    assert {"id", "date", "title", "status"} <= listed[0].keys()
    assert all(case["id"] in run("case", "list").out for case in listed)

    found = run("case", "show", "2023-05-08-bagrami-pd22", "--json").json
    assert found["likely_area"]["status"] == "approximate"
    assert [region["mass"] for region in found["likely_area"]["regions"]] == [0.5, 0.8, 0.95]
    grades = {verdict["grade"] for verdict in found["verdicts"]}
    assert grades == {"consistent"}


def test_an_unlocated_case_says_why(run: Any) -> None:
    """Without a location there is no number, and the article's reason stands in words."""
    done = run("case", "show", "2022-11-12-khairkhana-pd15")
    assert "not-assessable" in done.out
    assert "night" in done.out
    assert "Claimed (not verified)" in done.out


def test_validate_names_every_bad_file(run: Any, tmp_path: Path) -> None:
    """Good files are ok, bad ones are told with field and line, and the exit is 2."""
    assert run("case", "validate").status == 0
    good = next(iter(files.shipped("cases").glob("2023*.yaml")))
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text("utf-8").replace("status: ", "state: ", 1), encoding="utf-8")
    done = run("case", "validate", str(good), str(bad))
    assert done.status == 2
    assert f"ok  {good}" in done.out
    assert f"{bad}, line " in done.err
    report = run("case", "validate", str(bad), "--json")
    assert report.json["valid"] is False
    assert report.json["files"][0]["problems"][0]["line"] > 0


def test_a_new_case_is_valid_and_never_overwrites(run: Any, tmp_path: Path) -> None:
    """A drafted case validates as it stands, and a second of the same name is refused."""
    words = ["--title", "Raid in Kart-e Naw", "--date", "2024-01-31", "--place", "PD8"]
    words += ["--claimant", "Somebody"]
    made = run("case", "new", *words, "--json").json
    assert made["id"] == "2024-01-31-raid-in-kart-e-naw"
    assert run("case", "validate", made["path"]).status == 0
    assert (tmp_path / "cases/incident.schema.json").exists()
    again = run("case", "new", *words)
    assert again.status == 2
    assert "there already" in again.err
    assert run("case", "list", "--json").json[0]["id"] == made["id"]


def test_case_show_reads_a_file_or_another_folder(run: Any, tmp_path: Path) -> None:
    """A case can be named by its path, or found in a folder that is given."""
    shutil.copy(next(iter(files.shipped("cases").glob("2022-07*.yaml"))), tmp_path / "one.yaml")
    assert run("case", "show", "one.yaml", "--json").status == 0
    assert run("case", "show", "one", "--cases", str(tmp_path), "--json").status == 0


NEW = ("case", "new", "--title", "؟", "--claimant", "x")
SHIPPED = str(files.shipped("cases"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["where", "69.2743", "34.4938"], "did you mean 34.4938, 69.2743?"),
        (["where", "48.85", "2.35"], "km north-west of its border"),
        (["where", "nan", "nan"], "finite"),
        (["where", "34.4938"], "Cannot read"),
        (["where", "-34.5", "69.1"], "outside Afghanistan"),
        (["where", "x" * 5000], "Cannot read"),
        (["where", "34.5", "69.1", "--jsno"], "Cannot read"),
        (["check", "34.5 69.1", "PD0"], "PD1 to PD22"),
        (["check", "34.5 69.1", "PD23"], "PD1 to PD22"),
        (["check", "34.5 69.1", "PD1.5"], "PD1 to PD22"),
        (["check", "34.5 69.1", "Bagramy"], "did you mean"),
        (["check", "34.5 69.1", "Kabul"], "AF0101"),
        (["check", "34.5", "69.1"], "then a place"),
        (["check", "69.1 34.5", "PD15"], "did you mean"),
        (["case", "show", "no-such-case"], "no case is called"),
        (["case", "show", "."], "is a folder"),
        (["case", "show", "missing.yaml"], "cannot be read"),
        (["case", "list", "--cases", "nowhere"], "no folder"),
        (["map", "2023-05-08-bagrami"], "did you mean 2023-05-08-bagrami-pd22"),
        (["demo", "--cases", "nowhere"], "no folder"),
        ([*NEW, "--date", "2024-01-31", "--place", "PD23"], "PD1 to PD22"),
        ([*NEW, "--date", "31.1.24", "--place", "x"], "31.1.24"),
        ([*NEW, "--date", "2024-01-31", "--place", "x", "--cases", SHIPPED], "own folder"),
        (["map", "2022-10-21-kabul-pd8", "-o", "case.yaml"], ".html"),
        (["check", "34.5 69.28", "Kart-e Naw"], "without a line of its own (in AF-KBL-PD8)"),
        (["find"], "name"),
        (["find", "a", "--limit", "0"], "limit"),
        (["wher"], "where"),
        (["where", "--nope"], ""),
    ],
)
def test_bad_input_gets_one_clear_line(run: Any, arguments: list[str], words: str) -> None:
    """Exit 2, nothing on standard output, one line on standard error, no traceback."""
    done = run(*arguments)
    assert done.status == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("geoloc: ")
    assert words in done.err


def test_an_unwritable_output_leaves_nothing(run: Any, tmp_path: Path) -> None:
    """A file in the place of the folder: one line, exit 2, and the file as it was."""
    blocked = tmp_path / "blocked"
    blocked.write_text("mine", encoding="utf-8")
    for arguments in (["demo", "-o", str(blocked)], ["map", "2022-10-21-kabul-pd8", "-o"]):
        target = [] if arguments[0] == "demo" else [str(blocked / "map.html")]
        done = run(*arguments, *target)
        assert done.status == 2
        assert "Cannot write" in done.err
        assert len(done.err.splitlines()) <= 2
    assert blocked.read_text("utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["blocked"]


def test_hostile_text_cannot_steer_the_terminal(run: Any, tmp_path: Path) -> None:
    """Escape sequences and direction overrides in a case are shown, not obeyed."""
    text = next(iter(files.shipped("cases").glob("2022-07*.yaml"))).read_text("utf-8")
    path = tmp_path / "evil.yaml"
    evil = r'title: "\e[2J\e]0;owned\a \u202Egnp.exe \u2066"'
    lines = [evil if line.startswith("title:") else line for line in text.splitlines()]
    path.write_text("\n".join(lines), encoding="utf-8")
    done = run("case", "show", str(path))
    assert done.status == 0
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(done.out)
    assert "<U+001B>[2J" in done.out
    assert "<U+202E>gnp.exe" in done.out


COMMANDS = [
    ["where"], ["check"], ["find"], ["map"], ["demo"],
    ["case", "list"], ["case", "show"], ["case", "validate"], ["case", "new"], ["case", "schema"],
    ["boundaries", "list"], ["boundaries", "info"], ["boundaries", "use"], ["boundaries", "diff"],
    ["boundaries", "import"], ["boundaries", "fetch"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(run: Any, command: list[str]) -> None:
    """Help fits the screen and shows a line to copy."""
    done = run(*command, "--help")
    assert done.status == 0
    assert f"Example: geoloc {' '.join(command)}" in " ".join(done.out.split())
    assert max(map(len, done.out.splitlines())) <= 100


def test_the_demo_writes_every_page_and_prints_the_table(run: Any, tmp_path: Path) -> None:
    """Six maps, an overview and an index; a row per case; progress on standard error."""
    done = run("demo", "-o", "pages")
    assert done.status == 0
    pages = {path.name for path in (tmp_path / "pages").iterdir()}
    assert pages >= {"index.html", "overview.html", *(f"{case_id}.html" for case_id in SIX)}
    assert done.err.count("[") >= 6
    assert "not-assessable" in done.out
    assert "consistent" in done.out
    assert "98 %" in done.out
    assert max(map(len, done.out.splitlines())) <= 100 + len(str(tmp_path))
