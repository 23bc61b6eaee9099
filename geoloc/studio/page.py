"""The page's own files: one module of script, one style sheet, and a shell that holds no data."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from geoloc.maps.page import asset, font

_BROWSER = Path(__file__).parent.parent / "browser"
_FIRST = (
    "leaflet.js", "vendor/terra-draw.js", "vendor/terra-draw-leaflet.js", "dictionary.js",
    "words.js", "earth.js",
)  # fmt: skip

# The token stands in the fragment, which no browser sends to anyone; it leaves the address bar
# at once, and stays with the tab so that the page can be loaded again.
_BOOT = """\
import { start } from '%(module)s';

const given = new URLSearchParams(location.hash.slice(1));
if (given.get('token')) {
  sessionStorage.setItem('token', given.get('token'));
  given.delete('token');
  history.replaceState(null, '', given.size ? `#${given}` : location.pathname);
}
const token = sessionStorage.getItem('token') || '';

async function ask(verb, payload = {}) {
  const answer = await fetch(`/api/${verb}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Geoloc-Token': token },
    body: JSON.stringify(payload),
    cache: 'no-store',
    redirect: 'error',
  });
  return answer.json();
}

start(document.getElementById('studio'), ask);
"""

_SHELL = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>geoloc draw</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="%(style)s">
<script type="module" src="%(boot)s" integrity="%(digest)s"></script>
</head>
<body>
<div id="studio"></div>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file that the server gives to whoever asks: it holds nothing of any case."""

    kind: str  # its media type
    content: bytes


def module() -> str:
    """Return the front end as one ES module, whose door is `start(root, ask)`."""
    own = sorted(path.name for path in _BROWSER.glob("draw-*.js"))
    return "\n".join(_part(name) for name in (*_FIRST, *own, "draw.js"))


def _part(name: str) -> str:
    """Return a script; a bundle of another's looks for the window in `this`, which modules lack."""
    script = asset(name)
    bundled = name.startswith("vendor/")
    return f"(function () {{\n{script}\n}}).call(globalThis);" if bundled else script


@cache
def style() -> str:
    """Return the front end's style sheet, the font for Dari and Pashto in it."""
    return asset("leaflet.css") + asset("draw.css") + font()


@cache
def assets() -> Mapping[str, Asset]:
    """Return every file that the server gives, by its path; a path names its content's hash."""
    script, sheet = module().encode(), style().encode()
    at_script, at_sheet = f"/{_hash(script)}.js", f"/{_hash(sheet)}.css"
    boot = (_BOOT % {"module": at_script}).encode()
    at_boot = f"/{_hash(boot)}.js"
    digest = f"sha256-{base64.b64encode(hashlib.sha256(boot).digest()).decode()}"
    shell = _SHELL % {"style": at_sheet, "boot": at_boot, "digest": digest}
    return MappingProxyType(
        {
            "/": Asset("text/html; charset=utf-8", shell.encode()),
            at_script: Asset("text/javascript; charset=utf-8", script),
            at_boot: Asset("text/javascript; charset=utf-8", boot),
            at_sheet: Asset("text/css; charset=utf-8", sheet),
        }
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
