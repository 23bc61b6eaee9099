"""Nothing that was saved is lost: to kill -9, a failing disk, a power cut, or other writers."""

from __future__ import annotations

import errno
import io
import itertools
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from geoloc import casebook
from geoloc.casebook import journal
from geoloc.errors import CaseError, OutputError, StaleCaseError

CHANCE = random.Random()  # noqa: S311 - here and below: dice, no secrets
NAME = "2024-01-31-raid.yaml"
CASE = """\
id: 2024-01-31-raid
title: Raid
date: 2024-01-31
summary: count 0
claims:
  - {claimant: X, codes: [AF0104], says: a raid}  # as they put it
geolocation: {status: not-stated, reason: Not yet looked for.}
"""


def count_in(text: str) -> int:
    """Return the number that the savers count up."""
    found = re.search(r"^summary: count (\d+)$", text, re.MULTILINE)
    assert found, text
    return int(found[1])


def bump(path: Path, who: str) -> int:
    """Count up once, again and again until nobody was faster; return the number."""
    while True:
        text, version = casebook.read_version(path)
        number = count_in(text) + 1
        new = text.replace(f"summary: count {number - 1}", f"summary: count {number}")
        try:
            casebook.save_case(path, new, version=version, author=who, why=f"count {number}")
        except StaleCaseError:
            time.sleep(CHANCE.uniform(0, 0.2))  # room for the others
        else:
            return number


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a folder with one small case, saved twice."""
    path = tmp_path / "book" / NAME
    path.parent.mkdir()
    casebook.save_case(path, CASE, version=None, author="Zahra", why="begun")
    bump(path, "Zahra")
    return path.parent


def is_whole(folder: Path) -> None:
    """Assert that nothing is damaged, and that the journal tells of what the file holds."""
    found = casebook.check_folder(folder)
    assert [trouble for trouble in found.troubles if trouble.is_damage] == []
    entries, breaks = journal.read(folder / ".geoloc/journal.jsonl")
    assert breaks == ()
    assert entries[-1].after == casebook.version_of(folder / NAME)
    assert all(one.after == two.before for one, two in itertools.pairwise(entries))


# Killed


def save_on_and_on(path: Path, done: Path) -> None:
    """Save until killed; note each number once its save has returned."""
    handle = os.open(done, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, b"ready\n")
    while True:
        os.write(handle, b"%d\n" % bump(path, "killed"))


def serve() -> None:
    """Start a saver for each line on standard input: a fork, which has all it needs loaded."""
    with tempfile.TemporaryDirectory() as folder:  # what a first save loads, no fork loads again
        path = Path(folder) / NAME
        casebook.save_case(path, CASE, version=None, author="Zahra", why="begun")
        bump(path, "Zahra")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        path, done = map(Path, json.loads(line))
        child = os.fork()
        if not child:
            save_on_and_on(path, done)
        print(child, flush=True)


@contextmanager
def savers() -> Iterator[Callable[[Path, Path], int]]:
    """Give a function that starts a saver and returns its process id."""
    quiet = {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, __file__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | quiet
    ) as server:
        assert server.stdin
        assert server.stdout

        def start(path: Path, done: Path) -> int:
            print(json.dumps([str(path), str(done)]), file=server.stdin, flush=True)
            return int(server.stdout.readline())  # type: ignore[union-attr]

        yield start
        server.stdin.close()


def is_alive(process: int) -> bool:
    """Return whether a process is still there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def kill_savers(book: Path, kills: int, seed: int) -> tuple[int, int]:
    """Kill a saving process so many times; return how often in mid-save, and the last number."""
    chance = random.Random(seed)  # noqa: S311
    path, done = book / NAME, book.parent / "done"
    interrupted, before = 0, count_in(path.read_text("utf-8"))
    with savers() as start:
        for turn in range(kills):
            done.unlink(missing_ok=True)
            saver = start(path, done)
            while not done.exists() or not done.read_bytes():
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.2))
            os.kill(saver, signal.SIGKILL)
            while is_alive(saver):
                time.sleep(0.001)
            told = [int(line) for line in done.read_text().split("\n")[1:-1]]
            count = count_in(path.read_text("utf-8"))
            last = told[-1] if told else before
            assert count in (last, last + 1), f"{count} after {last}: a save was lost"
            interrupted += (book / ".geoloc/intent.json").exists()
            if turn % 50 == 49:
                is_whole(book)
            before = count
    return interrupted, before


def all_counts_are_told(book: Path, last: int, extra: int = 1) -> None:
    """Assert that the journal tells every number once, in order."""
    is_whole(book)
    entries, _ = journal.read(book / ".geoloc/journal.jsonl")
    told = [entry.why for entry in entries if entry.kind == "saved"][extra:]
    assert told == [f"count {number}" for number in range(1, last + 1)]
    left = [path.name for path in book.rglob(".*") if path.name != ".geoloc"]
    assert left == [], "unfinished files pile up"


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="savers are forked")


@needs_fork
def test_a_killed_save_loses_nothing(book: Path) -> None:
    """60 kills at random moments: old or new content, whole, and every save told once."""
    interrupted, last = kill_savers(book, 60, seed=1)
    assert interrupted > 3
    assert last > 15
    bump(book / NAME, "Zahra")
    all_counts_are_told(book, last + 1)


@needs_fork
@pytest.mark.long
def test_2000_killed_saves_lose_nothing(book: Path) -> None:
    """The full count; some kills must have come in mid-save, or the test would show nothing."""
    interrupted, last = kill_savers(book, 2000, seed=2)
    bump(book / NAME, "Zahra")
    all_counts_are_told(book, last + 1)
    print(f"2,000 kills, {interrupted} in mid-save; {last:,} saves, 0 lost")
    assert interrupted > 100


# Many writers


def bump_often(path: Path, who: str, times: int) -> None:
    """Count up so many times."""
    for _ in range(times):
        bump(path, who)


def many_write(book: Path, writers: int, saves: int) -> None:
    """Let several processes count up at once, and find every count."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["geoloc.casebook", "rapidfuzz.fuzz", "pytest"])
    path = book / NAME
    running = [
        processes.Process(target=bump_often, args=(path, f"writer {n}", saves))
        for n in range(writers)
    ]
    for each in running:
        each.start()
    for each in running:
        each.join()
    assert [each.exitcode for each in running] == [0] * writers
    assert count_in(path.read_text("utf-8")) == 1 + writers * saves
    all_counts_are_told(book, 1 + writers * saves)
    entries, _ = journal.read(book / ".geoloc/journal.jsonl")
    names = [entry.who for entry in entries]
    assert all(names.count(f"writer {n}") == saves for n in range(writers))


def test_four_writers_lose_no_update(book: Path) -> None:
    """4 × 25 saves by processes that wait for each other: 100 increments."""
    many_write(book, 4, 25)


@pytest.mark.long
def test_ten_writers_lose_no_update(book: Path) -> None:
    """10 × 500 saves: all 5,000 increments are there, each told with its writer."""
    many_write(book, 10, 500)


# A disk between the program and the real one


class Disk:
    """Stands in for the calls that reach the disk; counts them, lets them fail, writes them down.

    `os.fsync` is only counted: what it promises is modelled by `after_power_cut`.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails_at: int = -1, number: int = 0,
                 *, stays: bool = False) -> None:  # fmt: skip
        self.calls = 0
        self.ops: list[tuple[Any, ...]] = []
        self._fails_at, self._number, self._stays = fails_at, number, stays
        self._names: dict[int, Path] = {}
        real = {name: getattr(os, name) for name in (
            "open", "write", "fsync", "replace", "unlink", "mkdir", "ftruncate")}  # fmt: skip
        self._real = real | {"io": io.open}
        for name in real:
            monkeypatch.setattr(os, name, getattr(self, f"_{name}"))
        monkeypatch.setattr(io, "open", self._io_open)

    def _count(self, *, fills: bool = False) -> None:
        here, self.calls = self.calls, self.calls + 1
        later = self._stays and fills and here > self._fails_at >= 0
        if here == self._fails_at or later:
            raise OSError(self._number, os.strerror(self._number))

    def _open(self, path: Any, flags: int, *rest: Any, **kwargs: Any) -> int:
        self._count(fills=bool(flags & os.O_CREAT))
        new = bool(flags & os.O_CREAT) and not Path(path).exists()
        handle: int = self._real["open"](path, flags, *rest, **kwargs)
        self._names[handle] = Path(path)
        if new:
            self.ops.append(("create", Path(path)))
        return handle

    def _write(self, handle: int, content: Any) -> int:
        content = bytes(content)
        try:
            self._count(fills=True)
        except OSError:  # a full disk takes a part
            self._real["write"](handle, content[: len(content) // 2])
            raise
        if handle in self._names:
            self.ops.append(("write", self._names[handle], content))
        return int(self._real["write"](handle, content))

    def _fsync(self, handle: int) -> None:
        self._count(fills=True)
        self.ops.append(("fsync", self._names[handle]))

    def _replace(self, old: Any, new: Any) -> None:
        self._count()
        self._real["replace"](old, new)
        self.ops.append(("rename", Path(old), Path(new)))

    def _unlink(self, path: Any, **kwargs: Any) -> None:
        self._count()
        self._real["unlink"](path, **kwargs)
        self.ops.append(("unlink", Path(path)))

    def _mkdir(self, path: Any, *rest: Any) -> None:
        self._count(fills=True)
        self._real["mkdir"](path, *rest)
        self.ops.append(("mkdir", Path(path)))

    def _ftruncate(self, handle: int, size: int) -> None:
        self._count()
        self._real["ftruncate"](handle, size)
        self.ops.append(("truncate", self._names[handle], size))

    def _io_open(self, file: Any, mode: str = "r", *rest: Any, **kwargs: Any) -> Any:
        self._count(fills="w" in mode)
        stream = self._real["io"](file, mode, *rest, **kwargs)
        return _Stream(self, stream, Path(file)) if "w" in mode else stream


class _Stream:
    """A file opened for writing through `io.open`."""

    def __init__(self, disk: Disk, stream: Any, path: Path) -> None:
        self._disk, self._stream, self._path = disk, stream, path

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def write(self, content: bytes) -> int:
        try:
            self._disk._count(fills=True)
        except OSError:
            self._stream.write(content[: len(content) // 2])
            raise
        self._disk.ops.append(("write", self._path, bytes(content)))
        return int(self._stream.write(content))


@contextmanager
def disk(**settings: Any) -> Iterator[Disk]:
    """Put a `Disk` in between for the block."""
    with pytest.MonkeyPatch.context() as patch:
        yield Disk(patch, **settings)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_any_call_loses_nothing(
    book: Path, tmp_path: Path, number: int
) -> None:
    """A full disk stays full, a bad sector is met once: at every call in turn."""
    fail_at_every_call(book, tmp_path, number, stays=number == errno.ENOSPC, first=False)


@pytest.mark.long
@pytest.mark.parametrize("first", [False, True], ids=["again", "first"])
@pytest.mark.parametrize("stays", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EINTR])
def test_a_disk_that_fails_in_any_way_loses_nothing(
    book: Path, tmp_path: Path, number: int, *, stays: bool, first: bool
) -> None:
    """The same with each error, once and from then on, in a new folder and in a used one."""
    fail_at_every_call(book, tmp_path, number, stays=stays, first=first)


def fail_at_every_call(
    book: Path, tmp_path: Path, number: int, *, stays: bool, first: bool
) -> None:
    """Assert of every call: the file is old or new and whole, the next save works, all is told."""
    if first:  # geoloc has kept nothing here yet
        shutil.rmtree(book / ".geoloc")
    refused = saved = 0
    for fails_at in range(500):
        folder = tmp_path / f"{fails_at}"
        shutil.copytree(book, folder)
        path = folder / NAME
        old, version = casebook.read_version(path)
        new = old.replace("count 1", "count 2").replace("[AF0104]", "[AF0105]")
        with disk(fails_at=fails_at, number=number, stays=stays) as between:
            try:
                casebook.save_case(path, new, version=version, author="Ali", why="seen")
            except StaleCaseError:
                pytest.fail("the disk's error was taken for another writer")
            except (OutputError, CaseError):
                refused += 1
                possible: tuple[str, ...] = (old, new)
            else:
                saved += 1
                possible = (new,)
        assert path.read_text("utf-8") in possible
        with disk():  # its fsync is quick
            is_whole(folder)
            mine = path.read_text("utf-8") == new
            entries, _ = journal.read(folder / ".geoloc/journal.jsonl")
            assert [entry.who for entry in entries].count("Ali") == mine
            bump(path, "Zahra")
            is_whole(folder)
        shutil.rmtree(folder)
        if between.calls <= fails_at:
            break
    assert refused > 10
    assert saved > 2
    assert fails_at > 30, "the calls were not reached"


# A power cut


class Platter:
    """What a disk holds after a power cut: what was forced to it, and perhaps some of the rest."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries: dict[Path, Any] = {}  # durable: a folder is None, a file its node
        self.now: dict[Path, Any] = {}
        self.pending: list[tuple[Path, tuple[Any, ...]]] = []  # of a folder's entries
        for path in sorted(root.rglob("*")):
            node = None if path.is_dir() else {"kept": path.read_bytes(), "later": []}
            self.entries[path] = self.now[path] = node

    def do(self, op: tuple[Any, ...]) -> None:
        """Take one call."""
        kind, path = op[0], op[1]
        if kind in ("create", "mkdir"):
            self.now[path] = None if kind == "mkdir" else {"kept": b"", "later": []}
            self.pending.append((path.parent, ("set", path, self.now[path])))
        elif kind in ("write", "truncate"):
            self.now[path]["later"].append(op)
        elif kind == "rename":
            self.now[op[2]] = self.now.pop(path)
            self.pending.append((path.parent, ("move", path, op[2], self.now[op[2]])))
        elif kind == "unlink":
            self.now.pop(path)
            self.pending.append((path.parent, ("drop", path)))
        elif self.now.get(path) is None:  # a folder is forced
            for folder, each in self.pending:
                if folder == path:
                    self._enter(self.entries, each)
            self.pending = [each for each in self.pending if each[0] != path]
        else:
            node = self.now[path]
            node["kept"], node["later"] = _content(node["kept"], node["later"]), []

    @staticmethod
    def _enter(entries: dict[Path, Any], op: tuple[Any, ...]) -> None:
        if op[0] == "set":
            entries[op[1]] = op[2]
        elif op[0] == "drop":
            entries.pop(op[1], None)
        else:
            entries.pop(op[1], None)
            entries[op[2]] = op[3]

    def cut(self, target: Path, chance: random.Random, mood: str) -> None:
        """Write what is left after the power went, by a mood: what happens to the unforced."""
        left = dict(self.entries)
        for _, op in self.pending:
            if mood in ("all", "empty") or (mood == "some" and chance.random() < 0.5):
                self._enter(left, op)
        target.mkdir()
        for path in sorted(left):
            place = target / path.relative_to(self.root)
            if not place.parent.is_dir():  # its folder was never forced
                continue
            if left[path] is None:
                place.mkdir(exist_ok=True)
            else:
                place.write_bytes(self._left_of(left[path], chance, mood))

    @staticmethod
    def _left_of(node: dict[str, Any], chance: random.Random, mood: str) -> bytes:
        kept: bytes = node["kept"]
        full = _content(kept, node["later"])
        if mood == "all" or not node["later"]:
            return full
        if mood == "some":
            part = full[: chance.randint(0, len(full))]
            holes = full[: len(kept)] + b"\0" * max(0, len(full) - len(kept))
            mixed = b"\0" * (len(full) // 2) + full[len(full) // 2 :]
            appended = kept + full[len(kept) :][: chance.randint(0, 40)]
            step = _content(kept, node["later"][: chance.randint(0, len(node["later"]))])
            spoilt = kept + b"\0" * 9 + full[len(kept) + 9 :] if len(full) > len(kept) + 9 else kept
            fresh = not kept  # what was forced before is not spoilt by what comes after it
            return chance.choice([part, mixed, holes, full] if fresh else
                                 [holes, appended, spoilt, step, kept, full])  # fmt: skip
        return b"" if mood == "empty" and not kept else kept


def _content(kept: bytes, later: list[tuple[Any, ...]]) -> bytes:
    for op in later:
        kept = kept + op[2] if op[0] == "write" else kept[: op[2]]
    return kept


def cut_power(book: Path, tmp_path: Path, moods: list[str], *, first: bool) -> int:
    """Cut the power after every call of two saves, in each mood; return how many cuts that was."""
    if first:
        shutil.rmtree(book / ".geoloc")
    began = tmp_path / "began"
    shutil.copytree(book, began)
    path = book / NAME
    texts = [path.read_text("utf-8")]
    returned = []
    with disk() as between:
        for number in (2, 3):
            text, version = casebook.read_version(path)
            texts.append(text.replace(f"count {number - 1}", f"count {number}"))
            casebook.save_case(path, texts[-1], version=version, author="Ali", why=f"{number}")
            returned.append(len(between.ops))
    moved = [
        tuple(began / p.relative_to(book) if isinstance(p, Path) else p for p in op)
        for op in between.ops
    ]
    platter, cuts = Platter(began), 0
    for at in range(len(moved) + 1):
        for mood in moods:
            left = tmp_path / "left"
            dice = random.Random(f"{at} {mood}")  # noqa: S311
            platter.cut(left, dice, mood.rstrip("0123456789"))
            content = (left / NAME).read_text("utf-8")
            surely = sum(at >= each for each in returned)
            assert content in texts[surely : surely + 2], (at, mood)
            with disk():  # its fsync is quick
                is_whole(left)
                told = [entry.why for entry in journal.read(left / ".geoloc/journal.jsonl")[0]]
                reached = texts.index(content)
                assert [why for why in told if why in "23"] == ["2", "3"][:reached], (at, mood)
                bump(left / NAME, "Zahra")
                is_whole(left)
            shutil.rmtree(left)
            cuts += 1
        if at < len(moved):
            platter.do(moved[at])
    return cuts


def test_a_power_cut_at_any_call_loses_nothing(book: Path, tmp_path: Path) -> None:
    """What was not forced to disk is gone, or there, or in part: old or new, and all told."""
    assert cut_power(book, tmp_path, ["empty", "some1", "some2"], first=True) > 120


@pytest.mark.long
@pytest.mark.parametrize("first", [False, True], ids=["again", "first"])
def test_power_cuts_in_many_moods_lose_nothing(book: Path, tmp_path: Path, *, first: bool) -> None:
    """The same with thirty throws of the dice at each call, in a new folder and in a used one."""
    moods = ["none", "all", "empty", *(f"some{n}" for n in range(30))]
    cuts = cut_power(book, tmp_path, moods, first=first)
    print(f"{cuts:,} power cuts, 0 lost")
    assert cuts > 1500


def test_the_power_cut_model_catches_a_careless_writer(tmp_path: Path) -> None:
    """Writing in place, and renaming without forcing, both lose the file in the model."""
    for careless in ("in place", "rename"):
        folder = tmp_path / careless
        folder.mkdir()
        path = folder / NAME
        path.write_text(CASE, encoding="utf-8")
        platter = Platter(folder)
        if careless == "in place":
            ops: list[tuple[Any, ...]] = [("truncate", path, 0), ("write", path, b"new")]
        else:
            other = folder / "new"
            ops = [("create", other), ("write", other, b"new"), ("rename", other, path)]
        for op in ops:
            platter.do(op)
        found = set()
        for dice in range(40):
            left = tmp_path / f"{careless} {dice}"
            chance = random.Random(dice)  # noqa: S311
            platter.cut(left, chance, "some" if dice % 2 else "empty")
            found.add((left / NAME).read_bytes())
        assert found - {CASE.encode(), b"new"}


def test_a_journal_line_is_json_and_nothing_else(book: Path) -> None:
    """Any JSON reader reads the journal, line by line."""
    for line in (book / ".geoloc/journal.jsonl").read_text("ascii").splitlines():
        assert json.loads(line)["file"] == NAME


if __name__ == "__main__":
    serve()
