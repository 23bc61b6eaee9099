"""What several test files share: a real browser, and a server that counts who calls."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

# Timings belong to the benchmarks: on a busy machine any single example may be late.
settings.register_profile("geoloc", deadline=None)
settings.load_profile("geoloc")

# A developer's own editions must not answer in the tests, nor the tests write among them.
os.environ["GEOLOC_DATA"] = tempfile.mkdtemp(prefix="geoloc-tests-")

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_QUIET = (
    "--no-sandbox",  # Chromium refuses to start as root with its sandbox on
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


# Not for the whole session: while Playwright runs, no other test can start an event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the machine's Chromium; skip where there is none, unless it is required."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "no chromium on PATH (apt-get install chromium)"
        if os.environ.get("GEOLOC_REQUIRE_BROWSER") == "1":
            pytest.fail(f"GEOLOC_REQUIRE_BROWSER=1, but {reason}")
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield browser
        browser.close()


@dataclass
class Oracle:
    """A server on this machine that remembers every request: whoever calls gives itself away."""

    address: str
    calls: list[str] = field(default_factory=list)


@pytest.fixture
def oracle() -> Iterator[Oracle]:
    """Listen on a free port of 127.0.0.1 for as long as the test runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.calls.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard = Oracle(f"127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield heard
        server.shutdown()
        thread.join()
