"""Reads many broken files as the fence's child does, a fork a batch: run as a script by the tests.

A fresh child for each file takes 0.2 s, so that here one process imports the readers once and forks
for each batch. What is forked gives up the same (`confinement.confine`) and runs the same code
(`child.answer`); the answers are then read by the parent's code in the parent.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import python_calamine
import shapely

from geoloc import fence
from geoloc.errors import FenceError
from geoloc.fence import child, confinement

LIMITS = fence.Limits(file_bytes=20_000_000, memory_bytes=4_000_000_000, seconds=60)
_WARM = (np, pyogrio, python_calamine, shapely)  # imported before the forks, not by each
_BATCH = 250


def mutated(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """Return a file with one to three things broken; of an archive also what lies in it."""
    if content.startswith(b"PK") and rng.random() < 0.6:
        content = _inside(rng, content, others)
    else:
        for _ in range(rng.randint(1, 3)):
            content = rng.choice(WAYS)(rng, content, rng.choice(others))
    return content


def _inside(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    for _ in range(rng.randint(1, 3)):
        members[name] = rng.choice(WAYS)(rng, members[name], rng.choice(others))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, inner in members.items():
            archive.writestr(each, inner)
    return packed.getvalue()


def _flip(rng: random.Random, content: bytes, _: bytes) -> bytes:
    broken = bytearray(content)
    for _turn in range(rng.choice((1, 2, 8, 64)) if broken else 0):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def _cut(rng: random.Random, content: bytes, _: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _splice(rng: random.Random, content: bytes, other: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other)) :]


def _double(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Say a part twice, where text has them an element or a row."""
    marks = [n for n, byte in enumerate(content[:100_000]) if byte in b"<{[,\n"]
    if len(marks) < 2:
        return content * 2
    start, end = sorted(rng.sample(marks, 2))
    return content[:end] + content[start:end] * rng.choice((1, 2, 8)) + content[end:]


def _lengthen(rng: random.Random, content: bytes, _: bytes) -> bytes:
    """Set what may be a length or an offset to a number that it should not have."""
    width = rng.choice((1, 2, 4, 8))
    if len(content) <= width:
        return content
    at = rng.randrange(len(content) - width)
    most: int = 2 ** (8 * width)
    number = rng.choice((0, 1, most // 2 - 1, most - 1, len(content), 65_536))
    length = (number % most).to_bytes(width, "little")
    length = length if rng.random() < 0.5 else length[::-1]
    return content[:at] + length + content[at + width :]


def _swap_words(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """Put a piece of another file in the place of one of this."""
    start, from_ = rng.randrange(len(content) + 1), rng.randrange(len(other))
    size = rng.choice((1, 16, 300))
    return content[:start] + other[from_ : from_ + size] + content[start + size :]


WAYS: tuple[Callable[[random.Random, bytes, bytes], bytes], ...] = (
    _flip, _cut, _splice, _double, _lengthen, _swap_words,
)  # fmt: skip


def kind_of(path: Path, *, wants: str) -> str:
    """Return what the door would take the file for."""
    if wants == "sheets":
        return "zip" if path.read_bytes()[:4] == b"PK\x03\x04" else "text"
    return fence.sniff(path)


class Reader:
    """Reads batches of files of one kind, and counts what became of them."""

    def __init__(self, scratch: Path, secret: bytes) -> None:
        self.scratch, self.secret = scratch, secret
        self.counts: Counter[str] = Counter()
        self.trouble: list[str] = []

    def read(self, kind: str, wants: str, contents: list[bytes]) -> None:
        """Read all of them, in as many forks as crashes make it take."""
        done = 0
        while done < len(contents):
            done = self._fork(kind, wants, contents, done)

    def _fork(self, kind: str, wants: str, contents: list[bytes], first: int) -> int:
        at = self.scratch / "at"
        at.write_text(str(first))
        process = os.fork()
        if not process:
            _read_all(self.scratch, kind, wants, contents, first)
        _, status = os.waitpid(process, 0)
        last = int(at.read_text())
        for number in range(first, min(last + 1, len(contents))):
            self._judge(number, wants)
        if os.WIFSIGNALED(status):
            self.counts[f"signal {os.WTERMSIG(status)}"] += 1
        elif os.WEXITSTATUS(status):
            self.trouble.append(f"the fork ended with {os.WEXITSTATUS(status)}")
        return last + 1

    def _judge(self, number: int, wants: str) -> None:
        """Read an answer as the parent does: only a `FenceError` may come of it."""
        answer, words = self.scratch / f"answer{number}", self.scratch / f"words{number}"
        told = words.read_text("utf-8", "replace") if words.exists() else ""
        words.unlink(missing_ok=True)
        if told:
            self.counts[told.split("\n")[0] if told.startswith("error") else "refused"] += 1
        if self.secret in told.encode():
            self.trouble.append(told[:300])
        if not answer.exists():
            return
        content = answer.read_bytes()
        answer.unlink()
        if self.secret in content:
            self.trouble.append("a secret row")
        try:
            if wants == "sheets":
                list(fence._sheets(content, "a"))
            else:
                for layer in fence._layers(content, "a"):
                    layer.geometries()
            self.counts["taken"] += 1
        except FenceError:
            self.counts["answer refused"] += 1


def _read_all(scratch: Path, kind: str, wants: str, contents: list[bytes], first: int) -> None:
    """Read files in this fork, which ends here."""
    settings = {"kind": kind, "wants": wants, "name": f"a.{kind}", "scratch": str(scratch)}
    os.chdir(scratch)
    os.environ |= {"TMPDIR": str(scratch)}
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    limits = asdict(LIMITS)
    confinement.confine(
        scratch, memory_bytes=LIMITS.memory_bytes, seconds=600, file_bytes=2 * LIMITS.file_bytes
    )
    for number in range(first, len(contents)):
        (scratch / "at").write_text(str(number))
        (scratch / f"outside.{kind}").write_bytes(contents[number])
        signal.alarm(LIMITS.seconds)
        words = io.StringIO()
        sys.stderr = words
        try:
            child.answer({**settings, **limits})
        except BaseException as error:  # noqa: BLE001 - the real child would end with status 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            words = io.StringIO(f"error {type(error).__name__} {Path(where.filename).name}")
        if (scratch / "answer").exists() and not words.getvalue():
            (scratch / "answer").rename(scratch / f"answer{number}")
        (scratch / f"words{number}").write_text(words.getvalue()[:2000], "utf-8", "replace")
        for left in scratch.glob("member*"):
            _remove(left)
    os._exit(0)


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def main(settings: dict[str, Any]) -> None:
    """Break and read as many files as are asked for, and print what became of them."""
    rng = random.Random(settings["seed"])  # noqa: S311 - the same files each time
    seeds = [(path, path.read_bytes()) for path in sorted(Path(settings["seeds"]).iterdir())]
    others = [content for _, content in seeds]
    reader = Reader(Path(settings["scratch"]), settings["secret"].encode())
    trial = Path(settings["scratch"]) / "trial"
    batches: dict[tuple[str, str], list[bytes]] = {}
    for number in range(settings["count"]):
        path, content = seeds[number % len(seeds)]
        wants = "sheets" if path.suffix in (".csv", ".xlsx") else "shapes"
        broken = mutated(rng, content, others)[: LIMITS.file_bytes]
        trial.write_bytes(broken)
        try:
            kind = kind_of(trial, wants=wants)
        except FenceError:
            reader.counts["not sniffed"] += 1
            continue
        batch = batches.setdefault((kind, wants), [])
        batch.append(broken)
        if len(batch) >= _BATCH:
            reader.read(kind, wants, batches.pop((kind, wants)))
    for (kind, wants), batch in batches.items():
        reader.read(kind, wants, batch)
    print(json.dumps({"counts": reader.counts, "trouble": reader.trouble[:20]}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
