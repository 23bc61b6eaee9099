"""From clues to the likely area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from geoloc import geo
from geoloc.area import regions as cut
from geoloc.area.fusion import (
    best_log,
    posterior,
    relative_entropy_bits,
    scaled_logs,
    tempered,
)
from geoloc.area.priors import Prior, uniform_prior
from geoloc.area.regions import Region
from geoloc.clues import SameAs
from geoloc.errors import ClueError, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from geoloc.clues import Clue

    Surface = NDArray[np.float64]
    Logs = NDArray[np.float32]

MASSES = (0.5, 0.8, 0.95)
_NEGLIGIBLE = 0.5 * 6**2  # of a clue whose best cell is 6 σ off, nothing is left
_NEARLY_ALL = 0.9  # of the ground that was looked at: an area of this size narrows nothing down


@dataclass(frozen=True, slots=True)
class Strand:
    """All clues of one origin; they count once."""

    clues: tuple[Clue, ...]
    logs: Logs  # mean log-likelihood, (rows, cols); the likelihood's mean under the prior is 1
    reliability: float  # the lowest of its observations', 0 to 1

    @property
    def origin(self) -> str:
        """Return the material that the clues were seen in."""
        return self.clues[0].origin

    @property
    def asserts(self) -> frozenset[str]:
        """Return the codes of the units that it says hold the event.

        All tellings of an observation must say so; others speak of something else.
        """
        if len(self.clues) == 1:
            return frozenset(self.clues[0].asserts)
        told: dict[tuple[type, str], frozenset[str]] = {}
        for clue in self.clues:
            said, seen = frozenset(clue.asserts), _observation(clue)
            told[seen] = told.get(seen, said) & said
        return frozenset().union(*told.values())

    def vouches(self, code: str, grid: geo.Grid) -> Surface | float:
        """Return how surely, being right, it means a unit that it asserts: 0 to 1, in each cell.

        Surely, if a clue of its own says so; a clue that takes over another incident's area passes
        on what that rests on.
        """
        said = [clue for clue in self.clues if code in clue.asserts]
        passed_on = [clue.vouches(code, grid) for clue in said if isinstance(clue, SameAs)]
        return passed_on[0] if len(passed_on) == len(said) else 1.0

    @property
    def says(self) -> str:
        """Return what it says, e.g. `within Bagrami district`."""
        return " and ".join(dict.fromkeys(clue.says for clue in self.clues))


@dataclass(frozen=True, slots=True)
class LikelyArea:
    """Where the event probably happened."""

    surface: Surface  # posterior per cell, (rows, cols), sums to 1
    regions: tuple[Region, ...]  # one per mass, smallest first, each inside the next
    strands: tuple[Strand, ...]  # one of each origin
    prior: Prior

    @property
    def clues(self) -> tuple[Clue, ...]:
        """Return every clue, strand by strand."""
        return tuple(clue for strand in self.strands for clue in strand.clues)

    @property
    def grid(self) -> geo.Grid:
        """Return the grid of the surface."""
        return self.prior.grid

    @property
    def mode(self) -> tuple[float, float]:
        """Return lon, lat of the centre of the densest cell; of equally dense ones, the first."""
        row, column = np.unravel_index(int(self.surface.argmax()), self.surface.shape)
        lon, lat = geo.to_degrees(
            self.grid.west_m + (column + 0.5) * self.grid.cell_m,
            self.grid.north_m - (row + 0.5) * self.grid.cell_m,
        )
        return float(lon), float(lat)

    @property
    def narrows(self) -> bool:
        """Return whether the widest region is less than nine tenths of the ground looked at."""
        ground_km2 = int(np.count_nonzero(self.prior.mass)) * (self.grid.cell_m / 1000) ** 2
        return self.regions[-1].area_km2 < _NEARLY_ALL * ground_km2

    def region(self, mass: float) -> Region:
        """Return the region of one of the masses asked for.

        Raises
        ------
        InputError
            If it was not asked for.
        """
        for region in self.regions:
            if region.mass == mass:
                return region
        held = ", ".join(f"{region.mass:g}" for region in self.regions) or "none"
        raise InputError(f"No region of mass {mass!r} was asked for, but {held}; see likely_area.")

    def cleaned(self, mass: float, least_km2: float) -> Region:
        """Return a region without specks: parts and holes below a size, in km².

        What it holds and how large it is are stated anew; it may hold less than `mass`.
        """
        return cut.cleaned(self.region(mass), self.surface, self.grid, least_km2)

    @property
    def bits(self) -> float:
        """Return what all clues together told: relative entropy to the prior, at or above 0."""
        return relative_entropy_bits(self.surface, self.prior.mass)

    @property
    def doubt(self) -> float:
        """Return the probability that every strand is about something else, 0 to 1.

        Bayes' rule on the strands' own reliabilities: Π(1 − r) over the mean of Π(r·L + 1 − r).
        """
        trusts = [strand.reliability for strand in self.strands]
        if 1.0 in trusts:
            return 0.0
        # In any cell of the prior the mean is prior x product / posterior; the densest is safest.
        at = np.unravel_index(int(self.surface.argmax()), self.surface.shape)
        log = float(np.log(self.prior.mass[at]) - np.log(self.surface[at]))
        for strand, trust in zip(self.strands, trusts, strict=True):
            mixed = trust * float(np.exp(strand.logs[at])) + 1 - trust
            log += float(np.log(mixed)) - float(np.log1p(-trust))
        return float(np.exp(-max(log, 0.0)))

    def varied(self, *, odds: float = 1.0, width: float = 1.0) -> LikelyArea:
        """Return the area, without regions, were the clues surer or vaguer than they say.

        Parameters
        ----------
        odds : float
            How many times the odds that each strand is right, above 0. Of reliability 0.9, odds of
            9 to 1, half as high gives 4.5 to 1, thus 0.82; 0 and 1 stay what they are.
        width : float
            How many times σ of each measurement, above 0: the likelihood to the power 1 / width².
            A strand that names units is left alone, as their lines have a σ of their own.
        """
        strands = tuple(self._varied(strand, odds, width) for strand in self.strands)
        trusts = [strand.reliability for strand in strands]
        return LikelyArea(_fused(self.prior, strands, trusts), (), strands, self.prior)

    def _varied(self, strand: Strand, odds: float, width: float) -> Strand:
        trust, logs = strand.reliability, strand.logs
        if width != 1 and not strand.asserts:
            logs = cast("Logs", scaled_logs(logs / width**2, self.prior.mass))
        return replace(strand, logs=logs, reliability=odds * trust / (odds * trust + (1 - trust)))

    def without(self, strand: Strand) -> Surface:
        """Return the surface of all other strands; the prior's if there is no other."""
        others = [each for each in self.strands if each is not strand]
        return _fused(self.prior, others, [each.reliability for each in others])

    def vouched(self, code: str) -> Surface:
        """Return how surely, were the event in a cell, a clue that asserts a unit is right.

        A finding that says "within PD22" holds wherever PD22's line really runs. In as far as it
        is right, the uncertainty of that line is no doubt about PD22; counting it again would
        be counting it twice.

        Parameters
        ----------
        code : str
            The unit.

        Returns
        -------
        array, (rows, cols)
            0 to 1; 0 everywhere if no clue asserts the unit.
        """
        doubt = np.ones(self.grid.shape)
        for strand in self.strands:
            if code in strand.asserts:
                trust = strand.reliability
                mixed = tempered(strand.logs, trust).astype(float)
                # Only a clue beyond all doubt leaves cells that cannot be: nothing to vouch for.
                wrong = np.divide(1 - trust, mixed, out=np.zeros_like(mixed), where=mixed > 0)
                doubt *= 1 - strand.vouches(code, self.grid) * (1 - np.minimum(wrong, 1))
        return 1 - doubt

    def write_surface(self, path: Path) -> None:
        """Write the posterior as a cloud-optimized GeoTIFF: probability per cell, UTM 42N.

        Raises
        ------
        OutputError
            If it cannot be written; what was there is as it was.
        """
        geo.write_raster(path, self.grid, self.surface, {"prior": self.prior.name})


def likely_area(
    clues: Sequence[Clue],
    prior: Prior | None = None,
    mass: Sequence[float] = MASSES,
    *,
    earlier: LikelyArea | None = None,
) -> LikelyArea:
    """Return the posterior surface of the clues and its highest-density regions.

    Parameters
    ----------
    clues : sequence of Clue
        At least one. Clues of one origin are one strand, as reliable as its least reliable
        observation: of one told more than once the most trusted tellings' mean logarithm counts, of
        several observations the sum.
    prior : Prior, optional
        By default uniform over Kabul province, 250 m cells.
    mass : sequence of float
        Shares of the posterior, each above 0 and at most 1.
    earlier : LikelyArea, optional
        Of the same prior, e.g. from before one drawing was moved: strands of the same clues are
        taken over from it, which saves time and changes nothing.

    Returns
    -------
    LikelyArea

    Raises
    ------
    ClueError
        If a clue cannot be drawn, or no clue is given, or clues beyond all doubt exclude each
        other.
    InputError
        If a mass is out of range.
    """
    if not clues:
        raise ClueError("clues", "there is none; without evidence there is no likely area.")
    if not isinstance(mass, Sequence) or any(not 0 < share <= 1 for share in mass):
        raise InputError(f"mass must be above 0 and at most 1, e.g. (0.5, 0.95), got {mass!r}.")
    prior = prior or uniform_prior()
    origins: dict[str, list[Clue]] = {}
    for clue in clues:
        # "Photo 3" and "photo 3 " are one photo.
        origins.setdefault(" ".join(clue.origin.casefold().split()), []).append(clue)
    known = earlier.strands if earlier is not None and earlier.prior is prior else ()
    strands = tuple(
        next((each for each in known if each.clues == tuple(of_one_origin)), None)
        or _strand(of_one_origin, prior)
        for of_one_origin in origins.values()
    )
    surface = _fused(prior, strands, [strand.reliability for strand in strands])
    return LikelyArea(surface, cut.regions(surface, prior.grid, mass), strands, prior)


def same_as(incident: str, area: LikelyArea, origin: str, reliability: float) -> SameAs:
    """Return the clue that an event happened where another did, from the other's likely area.

    Parameters
    ----------
    incident : str
        The other incident's id, for reports.
    area : LikelyArea
        Where it happened.
    origin, reliability
        What shows that the two places are one, and how surely, 0 to 1.
    """
    mass = area.prior.mass
    likelihood = np.divide(area.surface, mass, out=np.zeros_like(mass), where=mass > 0)
    codes = {code for strand in area.strands for code in strand.asserts}
    asserted = {code: area.vouched(code) for code in sorted(codes)}
    return SameAs(
        incident, area.grid, likelihood, origin, asserted=asserted, reliability=reliability
    )


def _strand(clues: Sequence[Clue], prior: Prior) -> Strand:
    """Weave one origin's clues: the mean of each observation, the sum over observations.

    Two analysts' distances of one landmark in a photo are one distance, told twice; its bearing, or
    the distance of another landmark, is a second observation. All stand or fall together.
    """
    observed: dict[tuple[type, str], list[Logs]] = {}
    trusts: dict[tuple[type, str], float] = {}
    # Of an observation the most trusted tellings count: a rumour of it takes nothing from them.
    for clue in sorted(clues, key=lambda clue: -clue.reliability):
        seen, logs = _observation(clue), _logs(clue, prior)
        if clue.reliability == 0 and any(trusts.values()):
            continue
        told = observed.setdefault(seen, [])
        copied = any(np.array_equal(logs, other) for other in told)
        if clue.reliability == trusts.setdefault(seen, clue.reliability) and not copied:
            told.append(logs)
    tellings, trust = list(observed.values()), min(trusts.values())
    if len(tellings) == 1 == len(tellings[0]):
        return Strand(tuple(clues), tellings[0][0], trust)
    total = np.sum([np.mean(each, axis=0) for each in tellings], axis=0)
    woven = scaled_logs(total, prior.mass)
    if woven is None:
        names = " and ".join(dict.fromkeys(clue.says for clue in clues))
        raise ClueError("origin", f"{names}: they leave no ground, though of one origin.")
    return Strand(tuple(clues), woven, trust)


def _observation(clue: Clue) -> tuple[type, str]:
    """Return what a clue observes: its kind, and which thing of several that one can observe."""
    return type(clue), getattr(clue, "about", "")


def _logs(clue: Clue, prior: Prior) -> Logs:
    drawn = clue.log_likelihood(prior.grid)
    logs = scaled_logs(drawn, prior.mass)
    if logs is None or _elsewhere(drawn, prior):
        raise ClueError(
            "prior",
            f"{clue.says} has no ground in the study area ({prior.name}): it lies elsewhere, or its"
            " units have nothing in common.",
        )
    return logs


def _elsewhere(logs: NDArray[np.floating], prior: Prior) -> bool:
    """Return whether a clue fits ground of the grid, but none that the prior allows."""
    best = int(logs.argmax())
    if prior.mass.flat[best] > 0:
        return False
    return bool(logs.flat[best] - best_log(logs, prior.mass) > _NEGLIGIBLE)


def _fused(prior: Prior, strands: Sequence[Strand], reliabilities: Sequence[float]) -> Surface:
    surface = posterior(prior.mass, [strand.logs for strand in strands], reliabilities)
    if surface is None:
        raise ClueError("reliability", "clues of reliability 1 exclude each other; one is wrong.")
    return surface
