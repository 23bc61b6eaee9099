"""How well left-out localities are told, by the membership model and by simpler ones.

Run `python benchmarks/membership.py`. Everything is read from
`boundaries/localities.csv`. Each locality is asked about without those of its label within 300 m,
or of its name and label within 600 m; rows doubted because they fit badly count as wrong answers,
but inform no model. Printed for each vintage: share right, share in the first two, log-loss,
expected calibration error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # many small products: threads only wait

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FOLDER = Path(__file__).parent.parent / "boundaries"
sys.path.insert(0, str(FOLDER))

from build_evidence import OF_AREA, locality_key  # noqa: E402 - the path is set above
from build_membership import NONE, Evidence, Settings, distances_m, left_out  # noqa: E402
from build_police_districts import (  # noqa: E402
    SAME_NAME_M,
    SAME_PLACE_M,
    drawing_evidence,
    score,
)

from geoloc import geo  # noqa: E402

Floats = NDArray[np.float64]

NEIGHBOURS = 12
FLOOR = 0.01  # of every peer: else one misplaced row would decide its log-loss


@dataclass(frozen=True, slots=True)
class Trial:
    """One vintage: the localities asked about, and what a model may see of the others."""

    at_m: Floats  # (asked, 2) UTM 42N
    label: NDArray[np.object_]  # (asked,)
    hidden: NDArray[np.bool_]  # (asked, known)
    evidence: Evidence

    @property
    def one_hot(self) -> Floats:
        """Return the known labels, (known, units)."""
        units = np.array(self.evidence.units, dtype=object)
        same: NDArray[np.bool_] = self.evidence.labels[:, None] == units
        return same.astype(float)

    @property
    def seen_m(self) -> Floats:
        """Return distances to the known localities, inf to the hidden ones."""
        return np.where(self.hidden, np.inf, distances_m(self.at_m, self.evidence.xy_m))


def trial_of(vintage: str) -> Trial:
    """Read a vintage's trial from the shipped evidence."""
    table = pd.read_csv(FOLDER / "localities.csv").fillna(
        {"code": "", "doubt": "", "rural_district": "", "locality": "", "note": ""}
    )
    known, evidence = drawing_evidence(table, vintage)
    misfit = table.doubt.str.startswith(("its position disagrees", "label of 2014"))
    fair = (table.doubt == "") | misfit
    asked = table[(table.vintage == vintage) & table.left_out_p.notna() & fair]
    at_m = np.column_stack(geo.to_metres(asked.lon.to_numpy(), asked.lat.to_numpy()))
    label = asked.code.where(asked.code != "", NONE).to_numpy(object)
    distance_m = distances_m(at_m, evidence.xy_m)
    name, named = (t.locality.map(locality_key).to_numpy() for t in (asked, known))
    namesake = (name[:, None] == named) & (
        distance_m <= np.maximum(SAME_NAME_M, evidence.precision_m)
    )
    of_area = (known.note == OF_AREA).to_numpy()
    near = (distance_m <= SAME_PLACE_M) | namesake | of_area
    hidden = (label[:, None] == evidence.labels) & near
    return Trial(at_m, label, hidden, evidence)


def plain_kernel(trial: Trial) -> Floats:
    """Weigh the nearest dozen by a Gaussian of 600 m; precision and confidence are ignored."""
    distance_m = trial.seen_m
    nearest_m = np.sort(distance_m, axis=1)[:, NEIGHBOURS - 1 : NEIGHBOURS]
    weight = np.exp(-(distance_m**2) / (2 * 600.0**2)) * (distance_m <= nearest_m)
    return _shares((weight + 1e-12 * (distance_m <= nearest_m)) @ trial.one_hot, 0.001)


def adaptive_kernel(trial: Trial) -> Floats:
    """Widen the Gaussian to half the distance of the third locality, and blur by precision."""
    distance_m = trial.seen_m
    width_m = np.maximum(600.0, 0.5 * np.sort(distance_m, axis=1)[:, 2:3])
    spread = width_m**2 + np.minimum(trial.evidence.precision_m, 1500.0) ** 2
    weight = trial.evidence.weights * width_m**2 / spread * np.exp(-(distance_m**2) / 2 / spread)
    return _shares((weight + 1e-12) @ trial.one_hot, FLOOR)


def smoothed_voronoi(trial: Trial) -> Floats:
    """Share of a Gaussian disc of 700 m that each label's Voronoi cells take."""
    offsets = np.random.default_rng(1).normal(0, 700.0, (300, 2))
    told = np.zeros((len(trial.at_m), trial.one_hot.shape[1]))
    for row, at in enumerate(trial.at_m):
        seen = ~trial.hidden[row]
        nearest = distances_m(at + offsets, trial.evidence.xy_m[seen]).argmin(axis=1)
        told[row] = trial.one_hot[seen][nearest].mean(axis=0)
    return _shares(told, FLOOR)


def indicator_kriging(trial: Trial) -> Floats:
    """Krige a 0/1 field per label: exponential covariance of 3 km, nugget 0.3."""
    known = trial.evidence
    noise = 0.3 / known.weights * (1 + (known.precision_m / 1500) ** 2)
    covariance = np.exp(-distances_m(known.xy_m, known.xy_m) / 3000) + np.diag(noise)
    prior = np.full(len(known.units), 0.01)
    prior[-1] = 1 - 0.01 * (len(known.units) - 1)
    told = np.empty((len(trial.at_m), len(known.units)))
    for row, distance_m in enumerate(distances_m(trial.at_m, known.xy_m)):
        seen = ~trial.hidden[row]
        weight = np.linalg.solve(covariance[np.ix_(seen, seen)], trial.one_hot[seen] - prior)
        told[row] = prior + np.exp(-distance_m[seen] / 3000) @ weight
    return _shares(np.clip(told, 1e-3, None) ** 1.5, FLOOR)


def shipped(trial: Trial) -> Floats:
    """Ask the model that ships."""
    return left_out(trial.at_m, trial.hidden, trial.evidence)


def looser(trial: Trial) -> Floats:
    """Ask the same with surfaces of 4 km and strength 6."""
    settings = Settings(length_m=4000.0, strength=6.0)
    return left_out(trial.at_m, trial.hidden, trial.evidence, settings)


def boundless(trial: Trial) -> Floats:
    """Ask the same without a unit's own reach."""
    return left_out(trial.at_m, trial.hidden, trial.evidence, Settings(own_reach_m=1e9))


def _shares(votes: Floats, floor: float) -> Floats:
    """Scale votes to probabilities, none below its part of the floor."""
    share = votes / votes.sum(axis=1, keepdims=True)
    return np.asarray((1 - floor) * share + floor / share.shape[1])


MODELS: dict[str, Callable[[Trial], Floats]] = {
    "plain Gaussian kernel, 600 m, nearest dozen": plain_kernel,
    "adaptive Gaussian kernel": adaptive_kernel,
    "Voronoi smoothed by 700 m": smoothed_voronoi,
    "indicator kriging": indicator_kriging,
    "Gaussian process, 4 km, strength 6": looser,
    "Gaussian process, 6 km, no reach of its own": boundless,
    "Gaussian process, 6 km, strength 10 (ships)": shipped,
}


def main() -> None:
    """Print the table."""
    trials = {vintage: trial_of(vintage) for vintage in ("nahia-2019", "iec-2014")}
    print(" " * 46 + "".join(f"{name} ({len(t.label)})".ljust(28) for name, t in trials.items()))
    for name, model in MODELS.items():
        cells = [_figures(model(trial), trial) for trial in trials.values()]
        print(f"{name:46}" + "".join(cell.ljust(28) for cell in cells), flush=True)


def _figures(told: Floats, trial: Trial) -> str:
    units = trial.evidence.units
    own = told[np.arange(len(told)), [units.index(label) for label in trial.label]]
    answers = pd.DataFrame(
        {
            "left_out_p": own,
            "left_out_rank": (told > own[:, None]).sum(axis=1) + 1,
            "left_out_top_p": told.max(axis=1),
        }
    )
    found = score(answers)
    names = ("right", "first_two", "log_loss", "calibration_error")
    return " ".join(f"{found[name]:.3f}" for name in names)


if __name__ == "__main__":
    main()
