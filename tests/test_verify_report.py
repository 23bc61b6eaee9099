"""`figure`, `report` and `verify-report` spare what is there, and say what they compared."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image
from shell import Shell

from geoloc import casebook, figures, report
from geoloc.casebook import provenance
from geoloc.casebook.folder import file_inside
from geoloc.casebook.manifests import FigureSettings, ReportSettings
from geoloc.cli.reports import CaseFiles, kept_photos
from geoloc.errors import InputError
from geoloc.figures.photos import plate_of

SHIPPED = Path(__file__).parent.parent / "cases"
ID, OTHER = "2024-01-31-invented", "2024-02-10-secret-source"


def picture(shade: int) -> bytes:
    """Return a small PNG of one grey."""
    out = io.BytesIO()
    Image.new("L", (60, 40), shade).save(out, "PNG")
    return out.getvalue()


def case(
    folder: Path, name: str = ID, photos: dict[str, bytes] | None = None, more: str = ""
) -> Path:
    """Write an invented case without any area, and its photos."""
    lines = [f"id: {name}", "title: Invented", f"date: {name[:10]}", "summary: Nothing happened."]
    lines += ["geolocation: {status: not-stated, reason: Invented.}"]
    lines += ["photos:"] if photos else []
    for file, content in (photos or {}).items():
        sha256 = hashlib.sha256(content).hexdigest()
        lines.append(f"  - {{file: {file}, sha256: {sha256}, origin: photo {file[:20]}}}")
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text("\n".join(lines) + "\n" + more, encoding="utf-8")
    return path


def kept(folder: Path, name: str, content: bytes) -> dict[str, bytes]:
    """Write a photo into a folder and return it as `case` takes it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return {name: content}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return geoloc's command line."""
    return Shell(monkeypatch, capsys)


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of one case with two photos, one of them gone; work beside it."""
    folder = tmp_path / "v"
    photos = kept(folder, "photos/a.png", picture(90)) | {"photos/gone.png": picture(1)}
    case(folder, photos=photos)
    case(folder, OTHER, kept(folder, "photos/other.png", picture(200)))
    (tmp_path / "w").mkdir()
    monkeypatch.chdir(tmp_path / "w")
    return folder


@pytest.fixture
def written(run: Shell, book: Path) -> Path:
    """Return the report of the one case, written beside its folder."""
    done = run("report", ID, "--cases", book, "-o", "k.html")
    assert done.status == 0, done.err
    return Path("k.html")


def retold(output: Path, change: Callable[[Any], None]) -> None:
    """Change a manifest as somebody else could."""
    beside = provenance.manifest_path(output)
    said = json.loads(beside.read_text("utf-8"))
    change(said)
    beside.write_text(json.dumps(said), encoding="utf-8")


@pytest.mark.parametrize("output", ["../v/photos/a.png", "link.png", "../v/photos/gone.png",
                                    "../v/photos/other.png", "base.png"])  # fmt: skip
def test_evidence_is_never_written_over(run: Shell, book: Path, output: str) -> None:
    """A photo of any case, by name or link, there or gone, and the base: one line, all as it was.

    Even a photo with a manifest of ours beside it, as a figure has that became evidence.
    """
    Path("link.png").symlink_to(book / "photos/a.png")
    Path("base.png").write_bytes(picture(3))
    before = {path: path.read_bytes() for path in book.rglob("*") if path.is_file()}
    for name in ("other.png", "a.png"):
        shutil.copy(_any_manifest(run, book), book / f"photos/{name}.manifest.json")
    base = ("--base", "base.png") if output == "base.png" else ()
    done = run("figure", ID, "--kind", "photos", "--cases", book, "-o", output, *base)
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert "which the cases rest on; choose another name with -o" in done.err
    assert all(path.read_bytes() == content for path, content in before.items())
    assert not (book / "photos/gone.png").exists()


def _any_manifest(run: Shell, book: Path) -> Path:
    assert run("figure", ID, "--kind", "photos", "--cases", book, "-o", "any.png").status == 0
    return Path("any.png.manifest.json")


@pytest.mark.parametrize("beside", [None, "{}"])
@pytest.mark.parametrize(
    "command", [("report", ID, "-o", "x.html"), ("figure", ID, "--kind", "photos", "-o", "x.png")]
)
def test_a_file_of_somebody_else_is_not_replaced(
    run: Shell, book: Path, command: tuple[str, ...], beside: str | None
) -> None:
    """What has no manifest of ours beside it stays, and the line says what to do."""
    output = Path(command[-1])
    output.write_bytes(b"mine")
    if beside:
        provenance.manifest_path(output).write_text(beside, encoding="utf-8")
    done = run(*command, "--cases", book)
    assert (done.status, output.read_bytes()) == (2, b"mine")
    assert f"{output} is there and was not written by geoloc" in done.err
    assert "take it away" in done.err


def test_what_geoloc_wrote_is_replaced(run: Shell, book: Path, written: Path) -> None:
    """The same command a second time is no mistake."""
    assert run("report", ID, "--cases", book, "-o", written).status == 0


def test_what_was_edited_since_is_not_replaced(run: Shell, book: Path, written: Path) -> None:
    """A report that somebody worked on, or another file under a copied manifest, stays."""
    edited = written.read_bytes() + b"<!-- mine -->"
    written.write_bytes(edited)
    done = run("report", ID, "--cases", book, "-o", written)
    assert done.status == 2
    assert "was changed since geoloc wrote it" in done.err
    assert written.read_bytes() == edited
    again = run("verify-report", written, "--cases", book, "--again")
    assert "is not the file that was written" in again.out
    assert "only this file was changed" in again.out


def test_the_printed_hint_compares_the_folder_that_was_used(run: Shell, book: Path) -> None:
    """A report of `../v`, its case edited: what `Next:` prints notices it."""
    for of in ((ID, "--cases", "../v"), (f"../v/{ID}.yaml",)):
        done = run("report", *of, "-o", "k.html")
        hint = done.out.split("Next: geoloc ")[1].split()
        assert hint == ["verify-report", "k.html", "--cases", "../v"]
        untouched = run(*hint)
        assert "are as the manifest says" in untouched.out
        assert "Next: geoloc verify-report k.html --again --cases ../v" in untouched.out
        assert "Compared with the files in ../v." in untouched.out
        path = book / f"{ID}.yaml"
        path.write_text(path.read_text("utf-8") + "notes: [Edited.]\n", encoding="utf-8")
        told = run(*hint, "--json", "--fail-on", "differs")
        assert (told.status, told.json["folder"]) == (1, "../v")
        assert [each["what"] for each in told.json["differences"]] == ["case"]
        case(book, photos={"photos/a.png": picture(90), "photos/gone.png": picture(1)})


def test_the_shipped_cases_are_told_as_such(run: Shell, written: Path) -> None:
    """Nobody chose a folder: it is said which it is, and how to give one's own."""
    told = run("verify-report", written).out
    assert "the cases that come with geoloc" in told
    assert "missing  case" in told
    assert "give the folder that they are in by --cases" in told
    assert "\nNext:" not in told


def test_a_namesake_that_differs_is_told(run: Shell, book: Path, written: Path) -> None:
    """A case of that name beside the report that is another one gets a warning; a copy none."""
    shutil.copy(book / f"{ID}.yaml", f"{ID}.yaml")
    assert not run("verify-report", written, "--cases", book).err
    Path(f"{ID}.yaml").write_text("another", encoding="utf-8")
    told = run("verify-report", written, "--cases", book)
    assert f"{ID}.yaml differs from the file of that name that was compared" in told.err
    assert "are as the manifest says" in told.out


def test_a_file_without_an_end_is_no_manifest(run: Shell, written: Path) -> None:
    """A pipe and /dev/zero as a manifest, and /dev/zero as output, are one line at once."""
    beside = provenance.manifest_path(written)
    good = beside.read_bytes()
    beside.unlink()
    os.mkfifo(beside)
    assert "cannot be read as a manifest: " in run("verify-report", written).err
    beside.unlink()
    beside.symlink_to("/dev/zero")
    assert "cannot be read as a manifest: " in run("verify-report", written).err
    beside.unlink()
    beside.write_bytes(good)
    written.unlink()
    written.symlink_to("/dev/zero")
    done = run("verify-report", written)
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    with pytest.raises(OSError, match="no ordinary file"):
        provenance.sha256_of(written)


def test_a_manifest_has_a_largest_size(written: Path) -> None:
    """Five million bytes are read, one more is none: 5,000,000 = the manifest and its spaces."""
    beside = provenance.manifest_path(written)
    content = beside.read_bytes()
    beside.write_bytes(content + b" " * (5_000_000 - len(content)))
    assert provenance.read_manifest(written).output.name == "k.html"
    beside.write_bytes(content + b" " * (5_000_001 - len(content)))
    with pytest.raises(InputError, match="larger than 5,000,000 bytes"):
        provenance.read_manifest(written)


def _set(*path: Any) -> Callable[[Any], None]:
    *steps, last, value = path

    def change(said: Any) -> None:
        for step in steps:
            said = said[step]
        said[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("inputs", 0, "kind", 5), _set("inputs", 0, "kind", [1]), _set("inputs", []),
        _set("boundaries", []), _set("inputs", 0, "path", ""), _set("output", "sha256", "x"),
        _set("libraries", "numpy", 2), _set("code", []), _set("more", 1), _set("python", None),
        _set("settings", "x"),
    ],
)  # fmt: skip
def test_a_tampered_manifest_is_one_line(
    run: Shell, written: Path, change: Callable[[Any], None]
) -> None:
    """What no manifest of ours holds, and one that rests on nothing, is refused."""
    retold(written, change)
    done = run("verify-report", written)
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "no manifest of this kind" in done.err


@pytest.mark.parametrize(
    "settings",
    [
        {"command": "report", "case": 5}, {"command": "report", "case": None},
        {"command": "report", "case": "/etc/passwd.yaml"}, {"command": "report", "suffix": 5},
        {"command": "figure", "size": {}}, {"command": "figure", "base": 5},
        {"command": "figure", "photo": ["1"]}, {"command": "delete"}, {"command": []},
    ],
)  # fmt: skip
def test_tampered_settings_are_one_line(
    run: Shell, book: Path, written: Path, settings: dict[str, Any]
) -> None:
    """`--again` runs only what a command of ours can have been given."""
    whole: dict[str, Any] = {
        "case": ID, "suffix": ".html", "language": "en", "exact": False, "graphic": False,
    }  # fmt: skip
    if settings["command"] == "figure":
        whole |= {"kind": "photos", "suffix": ".png", "size": "page", "photo": [], "base": None}
        whole |= {"base_credit": ""}
    retold(written, _set("settings", whole | settings))
    done = run("verify-report", written, "--again", "--cases", book)
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "settings are none of" in done.err or "--again cannot make" in done.err


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b", "x/" * 2000])
def test_a_name_that_no_file_can_have_is_missing(
    run: Shell, book: Path, written: Path, path: str
) -> None:
    """The rest of the check goes on."""
    retold(written, _set("inputs", 0, "path", path))
    told = run("verify-report", written, "--cases", book, "--json").json["differences"]
    assert [(each["state"], each["name"]) for each in told] == [("missing", path)]


def test_the_words_fit_what_changed(run: Shell, book: Path, written: Path) -> None:
    """A changed output is named as it was given, and nobody is told to make the report again."""
    given = f"../w/{written}"
    written.write_bytes(written.read_bytes() + b" ")
    told = run("verify-report", given, "--cases", book).out
    assert f"{given} is not the file that was written" in told
    assert "inputs are as the manifest says" in told
    assert "make the report again" not in told
    content = written.read_bytes()
    forged = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    retold(written, _set("output", {"name": "k.html", **forged}))
    told = run("verify-report", given, "--cases", book).out
    assert "A manifest proves nothing against somebody who could change it" in told
    assert "casebook sign" in told
    again = run("verify-report", given, "--cases", book, "--again", "--fail-on", "differs")
    assert again.status == 1


def test_what_is_no_file_is_a_mistake_of_the_user(run: Shell, written: Path) -> None:
    """Not there, deleted, or a folder: exit 2, and the line names the file that was given."""
    written.unlink()
    for given in ("nothing.pdf", str(written)):
        done = run("verify-report", given)
        assert done.status == 2
        assert f"There is no {given};" in done.err
    done = run("verify-report", "..")
    assert (done.status, "is a folder" in done.err) == (2, True)


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_photo_outside_is_missing_for_report_and_figure(tmp_path: Path, linked: str) -> None:
    """A link out of the folder leads to no evidence of it, and no manifest lists it."""
    folder, outside = tmp_path / "v", tmp_path / "outside"
    photos = {f"photos/{name}": data for name, data in kept(outside, "a.png", picture(9)).items()}
    path = case(folder, photos=photos)
    if linked == "file":
        (folder / "photos").mkdir()
        (folder / "photos/a.png").symlink_to(outside / "a.png")
    else:
        (folder / "photos").symlink_to(outside)
    files = CaseFiles.of(ID, folder)
    assert [state for _, state in kept_photos(files)] == [("missing", None)]
    assert [*files.inputs(at for _, (_, at) in kept_photos(files))] == [path.absolute()]
    (photo,) = files.chosen[0].photos
    assert plate_of(1, photo, folder, graphic=False).state == "missing"


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    """It is the casebook's own file, and the manifest names it as the case does."""
    folder = tmp_path / "v"
    kept(folder, "photos/b.png", picture(9))
    (folder / "a.png").symlink_to("photos/b.png")
    case(folder, photos={"a.png": picture(9)})
    files = CaseFiles.of(ID, folder)
    assert [state for _, (state, _) in kept_photos(files)] == ["unchanged"]
    (photo,) = (at for _, (_, at) in kept_photos(files) if at)
    assert provenance._name(photo, folder) == "a.png"


def test_a_photo_with_an_endless_name_is_missing(run: Shell, book: Path) -> None:
    """300 letters are more than a disk takes; the report is written and says so."""
    name = f"{'n' * 300}.jpg"
    case(book, photos={name: b"x"})
    assert file_inside(book, name) is None
    done = run("report", ID, "--cases", book, "-o", "k.html")
    assert done.status == 0, done.err
    assert f"{name} is not there" in done.err


def test_another_case_that_is_broken_does_not_stop_a_report(run: Shell, book: Path) -> None:
    """It is told and left out; as the case asked for, or in the report of all, it does stop."""
    bad = book / f"{OTHER}.yaml"
    bad.write_text(bad.read_text("utf-8").replace(f"id: {OTHER}", "id: Bad Name"), encoding="utf-8")
    done = run("report", ID, "--cases", book, "-o", "k.html")
    assert done.status == 0, done.err
    assert f"{OTHER}.yaml, line 1: id: must look like 2024-02-10-some-name, got" in done.err
    for of in (OTHER, "casebook"):
        assert run("report", of, "--cases", book, "-o", "n.html").status == 2


def test_a_report_tells_no_other_cases_name(run: Shell, book: Path, written: Path) -> None:
    """An unrelated case stands nowhere in the manifest, and an edit of it changes nothing."""
    assert OTHER not in provenance.manifest_path(written).read_text("utf-8")
    assert OTHER not in written.read_text("utf-8")
    case(book, OTHER)
    done = run("verify-report", written, "--cases", book, "--again", "--fail-on", "differs")
    assert done.status == 0, done.out


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("2022-10-21-kabul-pd8", set()),
        # Both are put at Khairkhana, once as 315 and once as police district 15.
        ("2022-11-12-khairkhana-pd15", {"2022-07-06-khairkhana-315"}),
        # "The same location as", and a toll for two raids together.
        ("2023-05-08-bagrami-pd22", {"2023-05-05-bagrami-pd22", "2023-05-08-shakardara"}),
    ],
)
def test_a_report_rests_on_the_cases_that_its_discrepancies_are_about(
    of: str, expected: set[str]
) -> None:
    """Without the rest of the folder the same discrepancies are told; without these others."""
    files = CaseFiles.of(of, SHIPPED)
    assert {each.id for each in files.incidents} == expected | {of}
    everything = [casebook.read_case(path) for path in casebook.case_files(SHIPPED)]

    def told(incidents: list[casebook.Incident]) -> list[str]:
        remarks = casebook.reconcile(incidents, files.book)
        return [remark.message for remark in remarks if of in remark.incidents]

    assert told([*files.incidents]) == told(everything)
    for one in expected:
        assert told([each for each in files.incidents if each.id != one]) != told(everything)


def test_a_case_that_keeps_a_remark_away_is_an_input(tmp_path: Path) -> None:
    """A title that names the day of another case is right only beside that case."""
    path = case(tmp_path)
    path.write_text(
        path.read_text("utf-8").replace("Invented\n", "Like that of February 10, 2024\n", 1),
        encoding="utf-8",
    )
    case(tmp_path, OTHER)
    case(tmp_path, "2024-03-03-unrelated")
    assert [each.id for each in CaseFiles.of(ID, tmp_path).incidents] == [ID, OTHER]


def test_the_case_that_a_clue_names_is_an_input_with_its_raster(tmp_path: Path) -> None:
    """A report rests on what `same-as` leads to, and on the prior of the study area there."""
    (tmp_path / "built.tif").write_bytes(b"raster")
    case(tmp_path, OTHER, more="study: {code: AF0101, prior: built.tif}\n")
    path = case(tmp_path)
    clue = f"clues: [{{kind: same-as, incident: {OTHER}}}]"
    text = path.read_text("utf-8").replace("not-stated", "approximate")
    path.write_text(
        f"{text}evidence:\n  - {{finding: F, by: B, status: likely, origin: O, {clue}}}\n",
        encoding="utf-8",
    )
    for files in (CaseFiles.of(ID, tmp_path), CaseFiles.alone(ID, tmp_path)):
        told = {path.name: kind for path, kind in files.inputs().items()}
        assert told == {
            f"{ID}.yaml": "case", f"{OTHER}.yaml": "case", "built.tif": "raster",
        }  # fmt: skip


def test_every_kind_of_raster_is_an_input(tmp_path: Path) -> None:
    """The prior, a height model and a map of ground, as the case names them."""
    for name in ("prior.tif", "dem.vrt", "ground.tif"):
        (tmp_path / name).write_bytes(b"raster")
    path = case(tmp_path, more="study: {code: AF0101, prior: prior.tif}\n")
    clues = (
        "[{kind: elevation-between, low_m: 1, high_m: 2, dem: dem.vrt},"
        " {kind: raster, path: ground.tif, what: W, weights: {1: 1}}]"
    )
    text = path.read_text("utf-8").replace("not-stated", "approximate")
    path.write_text(
        f"{text}evidence:\n  - {{finding: F, by: B, status: likely, origin: O, clues: {clues}}}\n",
        encoding="utf-8",
    )
    used = provenance.rasters_used([casebook.read_case(path)])
    assert [each.name for each in used] == ["prior.tif", "dem.vrt", "ground.tif"]


def test_the_manifest_takes_its_name_last(
    written: Path, monkeypatch: pytest.MonkeyPatch, run: Shell, book: Path
) -> None:
    """Killed between the two, an old manifest is beside a new file, and the check says so."""
    old = provenance.manifest_path(written).read_bytes()
    taken: list[str] = []
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        taken.append(Path(target).name)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    provenance.write_with_manifest(written, b"new", json.loads(old))
    assert taken == ["k.html", "k.html.manifest.json"]
    assert provenance.manifest_path(written).read_bytes() == old
    assert "is not the file that was written" in run("verify-report", written, "--cases", book).out


def test_a_photo_that_cannot_be_read_is_warned_of(run: Shell, book: Path) -> None:
    """Cut off as it was kept, it has its hash value and no picture: the terminal says so."""
    broken = b"\xff\xd8\xff" + b"x" * 200
    case(book, photos=kept(book, "photos/b.jpg", broken))
    done = run("figure", ID, "--kind", "photos", "--cases", book, "-o", "x.png")
    assert done.status == 0, done.err
    assert f"warning: {ID}/photos/b.jpg is not shown: The picture cannot be read" in done.err
    done = run("figure", ID, "--kind", "photos", "--photo", "9", "--cases", book, "-o", "y.png")
    assert f"{ID} has the photos 1 to 1, of which up to 3 can be shown at once; got 9" in done.err


def test_the_next_command_can_be_drawn(run: Shell, book: Path) -> None:
    """Of a case with photos alone the report is next, in its folder; not an area that is none."""
    done = run("figure", ID, "--kind", "photos", "--cases", book, "-o", "x.png")
    assert f"Next: geoloc report {ID} --cases {book} -o {ID}.html" in done.out
    of = "2022-10-21-kabul-pd8"
    done = run("figure", of, "--kind", "claimed", "--size", "column", "--cases", SHIPPED, "-o",
               "c.png")  # fmt: skip
    assert f"Next: geoloc report {of} --cases {SHIPPED} -o {of}.html" in done.out


def test_the_settings_know_what_the_commands_know() -> None:
    """Each kind, size and suffix that can be asked for can be read again, and no other."""
    fields = FigureSettings.model_fields
    assert get_args(fields["kind"].annotation) == (*figures.FINDING_KINDS, *figures.BOOK_KINDS)
    assert set(get_args(fields["suffix"].annotation)) == set(figures.SUFFIXES)
    assert set(get_args(ReportSettings.model_fields["suffix"].annotation)) == set(report.SUFFIXES)
