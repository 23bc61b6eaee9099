"""The house stands as ARCHITECTURE.md draws it."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import geoloc
from geoloc import files

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "geoloc"

LAYER = {
    "errors": 0,
    "files": 0,
    "fence": 1,
    "geo": 1,
    "boundaries": 2,
    "tables": 2,
    "terrain": 2,
    "gazetteer": 3,
    "claims": 4,
    "clues": 4,
    "area": 5,
    "verdict": 6,
    "casebook": 7,
    "maps": 8,
    "figures": 8,
    "report": 8,
    "exchange": 8,
    "cli": 9,
    "studio": 9,
}
# `files` needs the error that it raises; the two are one floor, read downwards. And the command
# line starts the drawing page, which knows nothing of it.
ALLOWED_SIBLINGS = {("files", "errors"), ("cli", "studio")}
# Where a library may be used at all.
ROOMS = {
    "folium": {"maps"},
    "branca": {"maps"},
    "matplotlib": {"figures"},
    "rasterio": {"geo", "terrain", "boundaries"},
    "socket": {"studio"},
    "urllib.request": {"boundaries", "terrain", "studio"},
    "http": {"boundaries", "terrain", "studio"},
}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager"}


def _modules() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if name != "__init__":
            found.setdefault(name, []).append(path)
    return found


def _imports(path: Path) -> set[str]:
    """Return every module that a file imports, at the top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path.name} has a relative import; name the whole module"
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("name", sorted(_modules()))
def test_a_module_imports_only_from_lower_layers(name: str) -> None:
    """The straight line has one direction, and siblings do not know each other."""
    for path in _modules()[name]:
        used = {
            parts[1]
            for imported in _imports(path)
            if (parts := imported.split("."))[0] == "geoloc" and len(parts) > 1
        }
        for other in used & LAYER.keys() - {name}:
            below = LAYER[other] < LAYER[name]
            assert below or (name, other) in ALLOWED_SIBLINGS, f"{path.name} imports {other}"


@pytest.mark.parametrize("name", sorted(_modules()))
def test_a_library_stays_in_its_rooms(name: str) -> None:
    """Maps alone know folium, figures alone matplotlib, and nobody else opens a socket."""
    for path in _modules()[name]:
        for library, rooms in ROOMS.items():
            if any(f"{imported}.".startswith(f"{library}.") for imported in _imports(path)):
                assert name in rooms, f"{path.name} imports {library}"


def test_every_module_has_a_layer_and_a_name_from_the_field() -> None:
    """Nothing lives in the package that the architecture does not place."""
    assert _modules().keys() <= LAYER.keys()
    assert not FORBIDDEN_NAMES & {path.stem for path in PACKAGE.rglob("*.py")}


def test_crs_changes_happen_only_where_measuring_lives() -> None:
    """`to_crs` is called in geo and boundaries alone."""
    callers = {
        name
        for name, paths in _modules().items()
        if any(".to_crs(" in path.read_text("utf-8") for path in paths)
    }
    assert callers <= {"geo", "boundaries"}


def test_all_is_sorted_and_complete() -> None:
    """Every public name is listed once, in order, and can be had."""
    assert geoloc.__all__ == sorted(set(geoloc.__all__))
    for name in geoloc.__all__:
        assert getattr(geoloc, name) is not None
    promised = {
        "load_boundaries", "membership", "Gazetteer", "parse_coordinates", "read_case",
        "investigate", "likely_area", "verify", "finding_map", "seal", "GeolocError",
        "layer_figure", "reliability_figure",
    }  # fmt: skip
    assert promised <= set(geoloc.__all__)


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    """A misspelt name fails as Python's own modules do."""
    with pytest.raises(AttributeError, match="finding_mapp"):
        getattr(geoloc, "finding_mapp")  # noqa: B009 - mypy would refuse the plain spelling


def _recorded() -> dict[str, str]:
    sources = tomllib.loads((ROOT / "boundaries/sources.toml").read_text(encoding="utf-8"))
    return {record["file"]: record["sha256"] for record in sources.values()}


def test_an_editable_install_finds_the_data() -> None:
    """The checkout's own boundaries and cases are the shipped ones."""
    for name, sha256 in _recorded().items():
        content = (files.shipped("boundaries") / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256
    assert len(list(files.shipped("cases").glob("20*.yaml"))) >= 6


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build a wheel from this checkout."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_wheel_holds_exactly_the_recorded_data(wheel: zipfile.ZipFile) -> None:
    """What sources.toml names is shipped byte for byte, and no other data file is."""
    folder = "geoloc/shipped/boundaries/"
    shipped = {name.removeprefix(folder) for name in wheel.namelist() if name.startswith(folder)}
    assert shipped == {"sources.toml", *_recorded()}
    for name, sha256 in _recorded().items():
        assert hashlib.sha256(wheel.read(folder + name)).hexdigest() == sha256


def test_the_wheel_holds_the_cases_and_the_browser_files(wheel: zipfile.ZipFile) -> None:
    """An installed geoloc can run the demo and render a map with no checkout around."""
    names = set(wheel.namelist())
    assert {f"geoloc/shipped/cases/{p.name}" for p in (ROOT / "cases").glob("*.yaml")} <= names
    assert {"geoloc/browser/vendor/leaflet.js", "geoloc/browser/finding.js"} <= names
    assert not any("test" in Path(name).parts for name in names)


def test_no_registry_address_is_committed() -> None:
    """Locks carry hashes, not hosts."""
    for path in [*(ROOT / "lock").iterdir(), ROOT / "browser/package-lock.json"]:
        text = path.read_text(encoding="utf-8")
        assert "resolved" not in text, path.name
        assert not any(word in text for word in ("index-url", "pythonhosted", "find-links"))
    for path in (ROOT / "lock").glob("*.txt"):
        pins = [ln for ln in path.read_text("utf-8").splitlines() if "==" in ln]
        assert pins
        assert path.read_text("utf-8").count("--hash=sha256:") >= len(pins)


HEAVY = (
    "geopandas", "pandas", "pyproj", "folium", "matplotlib", "scipy", "pydantic", "rich", "numba",
    "mgrs",
)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["--help"], (*HEAVY, "numpy", "shapely", "rasterio")),
        (["where", "34.4938", "69.2743", "--json"], HEAVY),
    ],
)
def test_the_quick_commands_import_nothing_heavy(
    arguments: list[str], forbidden: tuple[str, ...]
) -> None:
    """`--help` and `where` answer before geopandas would have been imported."""
    script = (
        "import sys; from geoloc.cli import main; sys.argv = ['geoloc', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {forbidden} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
