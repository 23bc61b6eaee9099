"""A manifest names every input with its hash value, and whatever changes is noticed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from geoloc import boundaries, casebook
from geoloc.casebook import provenance
from geoloc.errors import InputError, OutputError

CASES = Path(__file__).parent.parent / "cases"
SHAKARDARA = "2023-05-08-shakardara"


def made(folder: Path, output: bytes = b"a report") -> dict[str, Any]:
    """Return the manifest of an invented output of one real case."""
    path = folder / f"{SHAKARDARA}.yaml"
    finding = casebook.investigate(casebook.read_case(path))
    return provenance.manifest(
        [finding],
        settings={"command": "test"},
        inputs={path: "case", folder / "casebook.yaml": "casebook"},
        output=output,
        name="report.html",
        folder=folder,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the shipped casebook."""
    return shutil.copytree(CASES, tmp_path / "cases")


@pytest.fixture
def written(tmp_path: Path, folder: Path) -> Path:
    """Write an output with its manifest."""
    path = tmp_path / "report.html"
    provenance.write_with_manifest(path, b"a report", made(folder))
    return path


def test_every_input_has_its_hash_and_size(folder: Path) -> None:
    """They are those that sha256sum and ls give; paths start at the casebook's folder."""
    manifest = made(folder)
    for item in manifest["inputs"]:
        content = (folder / item["path"]).read_bytes()
        told = subprocess.run(
            ["sha256sum", str(folder / item["path"])], capture_output=True, text=True, check=True
        )
        assert item["sha256"] == told.stdout.split()[0]
        assert item["bytes"] == len(content)
    assert [item["kind"] for item in manifest["inputs"]] == ["case", "casebook"]
    assert manifest["output"]["sha256"] == hashlib.sha256(b"a report").hexdigest()


def test_boundary_editions_are_the_recorded_ones(folder: Path) -> None:
    """Each edition's file stands with the SHA-256 of its record."""
    known = {edition.path.name: edition.sha256 for edition in boundaries.editions()}
    told = {item["path"]: item["sha256"] for item in made(folder)["boundaries"]}
    assert {"districts-ocha-2018.topojson", "membership-nahia-2019.tif"} <= told.keys()
    assert all(known.get(name, sha256) == sha256 for name, sha256 in told.items())


def test_manifest_holds_no_time_and_no_path_of_a_machine(written: Path, folder: Path) -> None:
    """Two folders and two moments give one manifest."""
    text = provenance.manifest_path(written).read_text(encoding="utf-8")
    assert str(folder) not in text
    assert str(Path.home()) not in text
    other = shutil.copytree(folder, folder.parent / "elsewhere")
    assert made(other) == json.loads(text)


def test_nothing_differs_when_nothing_changed(written: Path, folder: Path) -> None:
    """The comparison of an untouched output is empty."""
    said = provenance.read_manifest(written)
    assert provenance.differences(written, said, folder) == []


@pytest.mark.parametrize("what", ["output", "case", "casebook"])
def test_one_changed_byte_is_noticed(what: str, written: Path, folder: Path) -> None:
    """The file that changed is named, with both hash values, and no other."""
    said = provenance.read_manifest(written)
    path = {
        "output": written,
        "case": folder / f"{SHAKARDARA}.yaml",
        "casebook": folder / "casebook.yaml",
    }[what]
    path.write_bytes(path.read_bytes() + b"\n")
    (found,) = provenance.differences(written, said, folder)
    assert (found.what, found.state) == (what, "differs")
    assert found.found == hashlib.sha256(path.read_bytes()).hexdigest() != found.expected


def test_missing_input_is_noticed(written: Path, folder: Path) -> None:
    """A case that is no longer there is missing, not different."""
    said = provenance.read_manifest(written)
    (folder / f"{SHAKARDARA}.yaml").unlink()
    (found,) = provenance.differences(written, said, folder)
    assert (found.state, found.found) == ("missing", "")


def test_other_code_libraries_and_editions_are_noticed(
    written: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same files under another version are told apart from the same files."""
    text = json.loads(provenance.manifest_path(written).read_text("utf-8"))
    text["code"]["sha256"] = "0" * 64
    text["libraries"]["numpy"] = "1.0"
    text["libraries"]["unheard-of"] = "1"
    text["boundaries"][0]["sha256"] = "0" * 64
    provenance.manifest_path(written).write_text(json.dumps(text), encoding="utf-8")
    said = provenance.read_manifest(written)
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    found = {(each.what, each.state) for each in provenance.differences(written, said, folder)}
    assert found == {
        ("code", "differs"), ("library", "differs"), ("library", "missing"),
        ("boundaries", "differs"), ("python", "differs"),
    }  # fmt: skip


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname", "a/../../b", "..\\b"])
def test_a_manifest_cannot_make_us_read_elsewhere(path: str, written: Path, folder: Path) -> None:
    """A path that leads out of the folder is missing, whatever lies there."""
    (folder.parent / "secret").write_text("x", encoding="utf-8")
    text = json.loads(provenance.manifest_path(written).read_text("utf-8"))
    text["inputs"] = [
        {"path": path, "bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest(), "kind": "case"}
    ]
    provenance.manifest_path(written).write_text(json.dumps(text), encoding="utf-8")
    said = provenance.read_manifest(written)
    (found,) = provenance.differences(written, said, folder)
    assert found.state == "missing"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"format": "geoloc manifest 1"}', '{"format": "x"}', "[" * 100_000]
)
def test_broken_manifests_are_refused(text: str, written: Path) -> None:
    """One sentence says that it is no manifest."""
    provenance.manifest_path(written).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"manifest"):
        provenance.read_manifest(written)


def test_no_manifest_says_where_one_lies(tmp_path: Path) -> None:
    """The message names the file that is looked for."""
    with pytest.raises(InputError, match=r"x\.pdf\.manifest\.json"):
        provenance.read_manifest(tmp_path / "x.pdf")


def test_output_and_manifest_are_written_both_or_neither(
    written: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If either takes no place, both files are as they were."""
    beside = provenance.manifest_path(written)
    before = written.read_bytes(), beside.read_bytes()
    other = made(folder, b"another")
    real = Path.replace

    def failing(name: str) -> Any:
        def replace(self: Path, target: Path) -> Path:
            if Path(target).name == name:
                raise OSError(28, "No space left on device")
            return real(self, target)

        return replace

    for name in (written.name, beside.name):
        with monkeypatch.context() as broken:
            broken.setattr(Path, "replace", failing(name))
            with pytest.raises(OutputError):
                provenance.write_with_manifest(written, b"another", other)
        assert (written.read_bytes(), beside.read_bytes()) == before
    assert sorted(path.name for path in written.parent.iterdir() if path.is_file()) == sorted(
        (written.name, beside.name)
    )


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run geoloc as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "geoloc.cli", *arguments],
        capture_output=True, text=True, cwd=cwd, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_verify_report_recomputes_renders_again_and_says_what_differs(
    tmp_path: Path, folder: Path
) -> None:
    """Untouched it is the same, byte for byte; a changed case is named; --fail-on exits 1."""
    for path in folder.glob("20*.yaml"):
        if path.stem != SHAKARDARA:
            path.unlink()
    done = run("report", SHAKARDARA, "--cases", "cases", "-o", "s.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    verify = ("verify-report", "s.html", "--cases", "cases")
    other = {"PYTHONHASHSEED": "7", "TZ": "America/Lima"}
    again = run(*verify, "--again", "--fail-on", "differs", cwd=tmp_path, **other)
    assert (again.returncode, "the same, byte for byte" in again.stdout) == (0, True), again.stderr
    case = folder / f"{SHAKARDARA}.yaml"
    case.write_text(
        case.read_text("utf-8").replace("one adult male", "two adult males"), encoding="utf-8"
    )
    assert run(*verify, cwd=tmp_path).returncode == 0
    failed = run(*verify, "--again", "--json", "--fail-on", "differs", cwd=tmp_path)
    assert failed.returncode == 1
    told = json.loads(failed.stdout)
    assert told["same"] is False
    assert [each["what"] for each in told["differences"]] == ["case", "again"]
