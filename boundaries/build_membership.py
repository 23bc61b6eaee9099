"""Model the probability that a place lies in each police district, or in none.

Every labelled locality pulls the place around it towards its own label; the pull fades with
distance over a few kilometres. The pulls are chosen so that the labels are explained by surfaces
that bend as little as possible: a Gaussian process per label, joined by the softmax, at its most
probable point. The problem is convex, so the same evidence gives one answer, whatever the start.

The finished surface is a sum over localities: evaluating it needs their positions, one row of
pulls each, and three constants. No raster and no library but numpy is needed to ask one point.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from geoloc import geo

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NONE = "none"


@dataclass(frozen=True, slots=True)
class Settings:
    """The constants of the model; how they were chosen stands in DECISIONS.md."""

    length_m: float = 6000.0  # distance over which the surfaces bend; Matérn 3/2 length scale
    strength: float = 10.0  # prior standard deviation of a surface, in log-odds, above 0
    reach_m: float = 2500.0  # odds of every unit fall as exp(-(distance to a locality / reach)²)
    own_reach_m: float = 8000.0  # and of each unit so with the distance to a locality of its own


@dataclass(frozen=True, slots=True)
class Evidence:
    """The labelled localities of one vintage."""

    xy_m: Floats  # (n, 2) UTM 42N
    labels: NDArray[np.object_]  # (n,) unit code, or "none" for a locality in a rural district
    weights: Floats  # (n,) 0 to 1: how much its label is believed
    precision_m: Floats  # (n,) radius that nearly always holds the place, so two sigma

    @property
    def units(self) -> tuple[str, ...]:
        """Every label that occurs: unit codes by number, "none" last."""
        return tuple(sorted(set(self.labels), key=lambda code: (code == NONE, len(code), code)))


@dataclass(frozen=True, slots=True)
class Membership:
    """A fitted surface: P(unit) at any point."""

    units: tuple[str, ...]
    xy_m: Floats  # (n, 2) UTM 42N, the localities
    labels: NDArray[np.object_]  # (n,) as of `Evidence`
    sigma_m: Floats  # (n,) standard deviation of each locality's position
    pulls: Floats  # (n, units), log-odds that each locality adds at its own position
    settings: Settings

    def __call__(self, xy_m: Floats) -> Floats:
        """Return P(unit) at each point, shape (n, units); each row sums to 1.

        Parameters
        ----------
        xy_m : (n, 2) float, UTM 42N
            Points asked about.
        """
        distance_m = distances_m(xy_m, self.xy_m)
        field_ = kernel(distance_m, self.sigma_m**2, self.settings) @ self.pulls
        return softmax(with_silence(field_, distance_m, self))

    def predict(self, lon: Floats, lat: Floats) -> Floats:
        """Return P(unit) at WGS 84 points, shape (n, units); each row sums to 1."""
        return self(np.column_stack(geo.to_metres(lon, lat)))


@dataclass(slots=True)
class Problem:
    """The localities in the coordinates in which the fit is easiest."""

    evidence: Evidence
    settings: Settings = field(default_factory=Settings)
    sigma_m: Floats = field(init=False)
    basis: Floats = field(init=False)  # (n, rank): surface values = basis @ unknowns
    to_pulls: Floats = field(init=False)  # (n, rank): pulls = to_pulls @ unknowns
    target: Floats = field(init=False)  # (n, units) one-hot labels

    def __post_init__(self) -> None:
        # Below 150 m a precision is smaller than the step of the generalised coordinates.
        precision_m = self.evidence.precision_m
        self.sigma_m = np.where(precision_m <= 150, 0.0, precision_m / 2)
        blur_m2 = self.sigma_m[:, None] ** 2 + self.sigma_m**2
        at = self.evidence.xy_m
        covariance = self.settings.strength**2 * kernel(distances_m(at, at), blur_m2, self.settings)
        size, direction = np.linalg.eigh(covariance)
        # Two localities at one position make the matrix singular; directions smaller than this
        # change no probability by more than 0.001.
        kept = size > 1e-4 * size[-1]
        self.basis = direction[:, kept] * np.sqrt(size[kept])
        self.to_pulls = self.settings.strength**2 * direction[:, kept] / np.sqrt(size[kept])
        units = np.array(self.evidence.units, dtype=object)
        self.target = (self.evidence.labels[:, None] == units).astype(float)

    def solve(
        self, *, believed: Floats | None = None, start: Floats | None = None, exact: bool = False
    ) -> Floats:
        """Return the unknowns, shape (rank, units), at the smallest penalised log-loss."""
        weights = self.evidence.weights if believed is None else believed
        shape = (self.basis.shape[1], self.target.shape[1])

        def loss(flat: Floats) -> tuple[float, Floats]:
            unknowns = flat.reshape(shape)
            surface = self.basis @ unknowns
            top = surface.max(axis=1, keepdims=True)
            log_total = top + np.log(np.exp(surface - top).sum(axis=1, keepdims=True))
            misfit = -(weights[:, None] * self.target * (surface - log_total)).sum()
            residual = weights[:, None] * (self.target - np.exp(surface - log_total))
            slope = unknowns - self.basis.T @ residual
            return float(misfit + (unknowns**2).sum() / 2), slope.ravel()

        tight = {"maxiter": 5000, "maxfun": 5000, "ftol": 1e-15, "gtol": 1e-7}
        quick = {"maxiter": 300, "ftol": 3e-7, "gtol": 3e-3}
        found = minimize(
            loss,
            np.zeros(shape).ravel() if start is None else start.ravel(),
            jac=True,
            method="L-BFGS-B",
            options=tight if exact else quick,
        )
        return np.asarray(found.x).reshape(shape)

    def membership(self, unknowns: Floats) -> Membership:
        """Return the surface that belongs to a solution."""
        return Membership(
            self.evidence.units,
            self.evidence.xy_m,
            self.evidence.labels,
            self.sigma_m,
            self.to_pulls @ unknowns,
            self.settings,
        )


def fit(evidence: Evidence, settings: Settings | None = None) -> Membership:
    """Return the membership surface of a vintage."""
    problem = Problem(evidence, settings or Settings())
    return problem.membership(problem.solve(exact=True))


def left_out(
    xy_m: Floats, hidden: Flags, evidence: Evidence, settings: Settings | None = None
) -> Floats:
    """Return P(unit) at each point from a fit that never saw that point's hidden localities.

    Parameters
    ----------
    xy_m : (n, 2) float, UTM 42N
        Points asked about.
    hidden : (n, localities) bool
        Localities that each point may not see.
    """
    settings = settings or Settings()
    problem = Problem(evidence, settings)
    everything = problem.solve()
    told = np.empty((len(xy_m), len(evidence.units)))
    for row, (at, unseen) in enumerate(zip(xy_m, hidden, strict=True)):
        believed = np.where(unseen, 0.0, evidence.weights)
        surface = problem.membership(problem.solve(believed=believed, start=everything))
        distance_m = distances_m(at[None], evidence.xy_m)
        log_odds = kernel(distance_m, surface.sigma_m**2, settings) @ surface.pulls
        seen_m = np.where(unseen, np.inf, distance_m)
        told[row] = softmax(with_silence(log_odds, seen_m, surface))[0]
    return told


def distances_m(a: Floats, b: Floats) -> Floats:
    """Return the matrix of distances between two sets of points, in metres."""
    return np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])


def kernel(distance_m: Floats, blur_m2: Floats, settings: Settings) -> Floats:
    """Return how much of a locality's pull is felt at a distance, 0 to 1 (Matérn 3/2).

    A position known only to a standard deviation spreads the pull: the length grows by that
    variance, and the pull at its middle shrinks so that the area under it stays the same.
    """
    spread_m2 = settings.length_m**2 + blur_m2
    scaled = distance_m * np.sqrt(3 / spread_m2)
    return settings.length_m**2 / spread_m2 * (1 + scaled) * np.exp(-scaled)


def with_silence(log_odds: Floats, distance_m: Floats, surface: Membership) -> Floats:
    """Return the log-odds with "none", the last column, raised where no locality is near.

    And with each unit lowered where none of its own is near: without that, a few thousandths of
    every unit would be left over the whole province, which is much land.
    """
    adjusted = log_odds.copy()
    # Beyond six reaches the answer is certain; the cap keeps the exponential finite.
    for column, unit in enumerate(surface.units[:-1]):
        own_m = distance_m[:, surface.labels == unit].min(axis=1)
        adjusted[:, column] -= np.minimum(own_m / surface.settings.own_reach_m, 6.0) ** 2
    nearest_m = distance_m.min(axis=1)
    adjusted[:, -1] += np.minimum(nearest_m / surface.settings.reach_m, 6.0) ** 2
    return adjusted


def softmax(log_odds: Floats) -> Floats:
    """Return probabilities, each row summing to 1."""
    odds = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
