"""A write happens whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from geoloc import OutputError, files


def test_a_file_is_written_and_replaced_whole(tmp_path: Path) -> None:
    """The new bytes are there, its folder too, and nothing else is left."""
    target = tmp_path / "a" / "b.txt"
    files.write_whole(target, "one")
    files.write_whole(target, "دو")
    assert target.read_text("utf-8") == "دو"
    assert [path.name for path in target.parent.iterdir()] == ["b.txt"]


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """With the disk full at any step, what was there is there still, and nothing is left over."""
    target = tmp_path / "case.yaml"
    target.write_text("old", encoding="utf-8")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        if step == "fsync":
            broken.setattr(os, "fsync", full)
        else:
            broken.setattr(Path, {"write": "open", "replace": "replace"}[step], full)
        with pytest.raises(OutputError, match=r"No space left .* What was there is untouched"):
            files.write_whole(target, "new")
    assert target.read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["case.yaml"]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_an_interrupted_long_write_leaves_the_old_file(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    """Whatever stops the writer half-way, the old file stays and no half-written one is left."""
    target = tmp_path / "points.csv"
    target.write_text("old", encoding="utf-8")

    def write_half() -> None:
        with files.writing_whole(target) as temporary:
            assert temporary.suffix == ".csv"
            temporary.write_text("half", encoding="utf-8")
            raise stop

    with pytest.raises(stop):
        write_half()
    assert target.read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["points.csv"]


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    """A target that is a folder, or lies under a file, gives one clear line."""
    with pytest.raises(OutputError, match="Cannot write"):
        files.write_whole(tmp_path, "x")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="Cannot write"):
        files.write_whole(tmp_path / "file" / "under.txt", "x")


def test_the_mode_of_a_replaced_file_is_kept(tmp_path: Path) -> None:
    """A file that only its owner may read stays so."""
    target = tmp_path / "secret.yaml"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o600)
    files.write_whole(target, "new")
    assert target.stat().st_mode & 0o777 == 0o600
