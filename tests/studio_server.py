"""The real drawing page on a free port, for tests that drive it with a browser or by hand.

`from studio_server import Running, studio` gives the fixture `studio`; started as a program it
serves a private copy of one shipped case until Ctrl-C.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from geoloc import files
from geoloc.studio.server import Studio
from geoloc.studio.session import Session

CASE = "2023-05-08-bagrami-pd22"


@dataclass(frozen=True)
class Running:
    """A page that is being served, and the private copy of the case that it draws in."""

    url: str  # with the token in its fragment
    case: Path
    session: Session
    studio: Studio
    thread: threading.Thread

    @property
    def origin(self) -> str:
        """Return the address without the token."""
        return self.url.partition("/#")[0]

    @property
    def token(self) -> str:
        """Return the token alone."""
        return self.url.partition("token=")[2].partition("&")[0]


def copied(folder: Path, case: str = CASE) -> Path:
    """Return a private copy of all shipped cases' files, as the path of one of them."""
    for path in files.shipped("cases").glob("*.yaml"):
        shutil.copy(path, folder)
    return folder / f"{case}.yaml"


@contextmanager
def running(case: Path | None, language: str = "en") -> Iterator[Running]:
    """Serve a case's drawing page from a thread for as long as the block runs."""
    session = Session(case, language=language)
    studio = Studio(session)
    thread = threading.Thread(target=studio.run, daemon=True)
    thread.start()
    while not studio.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield Running(studio.url, case or Path(), session, studio, thread)
    finally:
        studio.stop()
        thread.join(10)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Running]:
    """Serve a private copy of the Bagrami case."""
    with running(copied(tmp_path)) as served:
        yield served


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        running(copied(Path(folder), *sys.argv[1:2])) as served,
        suppress(KeyboardInterrupt),
    ):
        print(served.url, flush=True)
        threading.Event().wait()
