"""The notebooks run from top to bottom, offline."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


class Executed(NamedTuple):
    """A notebook after its run, and the folder that it ran in, empty before."""

    notebook: Any
    folder: Path


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Executed]:
    """Return a function that runs a notebook once, however many tests look at it."""

    @cache
    def run(path: Path) -> Executed:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call] # nbformat is untyped
        assert not any(cell.get("outputs") for cell in notebook.cells)
        folder = tmp_path_factory.mktemp("notebook")
        where = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, timeout=120, resources=where).execute()
        return Executed(notebook, folder)

    return run


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own start-up, not ours
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, executed: Callable[[Path], Executed]) -> None:
    """Every cell runs in a fresh kernel in an empty folder, and the file holds no old output."""
    assert any(cell.get("outputs") for cell in executed(path).notebook.cells)


def test_the_first_notebook_ends_with_a_map(
    executed: Callable[[Path], Executed],
) -> None:
    """The walk from a coordinate ends in a page that Jupyter can show."""
    notebook, _ = executed(NOTEBOOKS[0])
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    assert "<iframe" in last.outputs[0]["data"]["text/html"]


def test_the_second_notebook_says_what_replaces_what(
    executed: Callable[[Path], Executed],
) -> None:
    """It draws the layer, and a made-up official line settles a point that ours leaves open."""
    notebook, folder = executed(NOTEBOOKS[1])
    shown = [each for cell in notebook.cells for each in cell.get("outputs", ()) if "data" in each]
    assert any("image/png" in each["data"] for each in shown)
    tables = [each["data"]["text/plain"] for each in shown if "text/plain" in each["data"]]
    (editions,) = [table for table in tables if "practice-2024" in table]
    ours, official = (
        float(next(line for line in editions.splitlines() if edition in line).split()[-1])
        for edition in ("nahia-2019", "practice-2024")
    )
    assert 0.1 < ours < 0.9
    assert official > 0.99
    assert tables[-1] == "'nahia-2019'"  # what was in use before is in use again
    assert not any(folder.iterdir())


def test_the_third_notebook_shrinks_the_area_and_survives_a_wrong_clue(
    executed: Callable[[Path], Executed],
) -> None:
    """It says that it is invented; each clue shrinks the area; only blind belief misleads it."""
    notebook, folder = executed(NOTEBOOKS[2])
    title, first = notebook.cells[0].source.splitlines()[::2][:2]
    assert "synthetic" in title
    assert "Everything in this example is invented" in first
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", ())]
    assert sum("image/png" in each.get("data", {}) for each in outputs) == 2
    (table,) = [
        each["data"]["text/plain"]
        for each in outputs
        if "95 % area" in each.get("data", {}).get("text/plain", "")
    ]
    sizes_km2 = [float(line.split()[-1]) for line in table.splitlines()[1:]]
    assert len(sizes_km2) == 4
    assert sizes_km2 == sorted(sizes_km2, reverse=True)
    assert sizes_km2[-1] < sizes_km2[0] / 100
    printed = "".join(each.get("text", "") for each in outputs)
    off_km = [float(km) for km in re.findall(r"densest cell is ([\d.]+) km off", printed)]
    assert off_km[0] < 1
    assert off_km[1] < 1 < 10 < off_km[2]  # the last is the caller believed beyond all doubt
    one, two, apart = re.findall(r"photos?: 95 % area (\d+) km²|one post: 95 % area (\d+)", printed)
    assert "".join(one) == "".join(two) != "".join(apart)
    assert re.findall(r"^PD(?:8|15): (\S+)", printed, re.MULTILINE) == [
        "consistent",
        "inconsistent",
    ]
    assert not any(folder.iterdir())
