"""Multiply a prior by many likelihoods: block by block on all cores, and never to zero by accident.

Each likelihood enters as r·L + (1 − r) with mean 1 under the prior, so what is multiplied is of
ordinary size; after every few factors the product is carried over to its logarithm.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Surface = NDArray[np.float64]
    Logs = NDArray[np.float32]

_BLOCK = 1 << 19  # cells at a time on one core: fewer wait for Python, more fall out of its cache
_FACTORS = 8  # (1e-6)^8 and (1e34)^8 are within the limits of a double
_MOST = 80.0  # log of the largest likelihood, 1e34 times the mean; a single's exp ends at 88
_ORDER_BITS = 44  # of a double's 64: sign, exponent and 8 bits of its fraction are left


def blocks(cells: int, work: Callable[[slice], float]) -> list[float]:
    """Do some work on each block of cells, on all cores, and return its results in order."""
    parts = [slice(start, start + _BLOCK) for start in range(0, cells, _BLOCK)]
    if len(parts) == 1:
        return [work(parts[0])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, parts))


def scaled_logs(logs: NDArray[np.floating], mass: Surface) -> Logs | None:
    """Return log-likelihoods whose likelihoods have mean 1 under a prior; their scale says nothing.

    Parameters
    ----------
    logs : float array, (rows, cols)
        Natural logarithms; -inf where it cannot be. NaN counts as -inf.
    mass : float array, (rows, cols)
        The prior, summing to 1.

    Returns
    -------
    float32 array, (rows, cols), or None
        None where no cell of the prior has a likelihood above 0.
    """
    flat, prior = logs.ravel(), mass.ravel()
    top = best_log(logs, mass)
    if not np.isfinite(top):
        return None
    kept = np.empty(flat.size, np.float32)

    def total(part: slice) -> float:
        known = np.fmax(flat[part] - top, -np.inf)  # of NaN and -inf the latter
        kept[part] = np.minimum(known, 0.0)  # above the top lies only what the prior excludes
        return float((np.exp(kept[part]) * prior[part]).sum())  # no BLAS: its threads would fight

    mean = np.log(sum(blocks(flat.size, total)))

    def shift(part: slice) -> float:
        kept[part] -= np.float32(mean)
        np.minimum(kept[part], np.float32(_MOST), out=kept[part])
        return 0.0

    blocks(flat.size, shift)
    return kept.reshape(logs.shape)


def best_log(logs: NDArray[np.floating], mass: Surface) -> float:
    """Return the highest log-likelihood in a cell of the prior; -inf where none is above that."""
    flat, prior = logs.ravel(), mass.ravel()

    def highest(part: slice) -> float:
        possible = prior[part] > 0
        within = flat[part] if possible.all() else np.where(possible, flat[part], -np.inf)
        return float(np.fmax.reduce(within))

    return max(blocks(flat.size, highest))


def posterior(
    mass: Surface, logs: Sequence[Logs], reliabilities: Sequence[float]
) -> Surface | None:
    """Return the prior times the tempered likelihoods, summing to 1.

    Parameters
    ----------
    mass : float array, (rows, cols)
        The prior, summing to 1.
    logs : sequence of float32 array, (rows, cols)
        Of `scaled_logs`.
    reliabilities : sequence of float
        One for each, 0 to 1.

    Returns
    -------
    float array, (rows, cols), or None
        None where clues beyond all doubt leave no cell.
    """
    prior, flat = mass.ravel(), [log.ravel() for log in logs]
    weight = np.empty(prior.size)
    # Few factors of ordinary size need no logarithm at all.
    carried = len(flat) > _FACTORS or any(trust == 1 for trust in reliabilities)

    def multiply(part: slice) -> float:
        product = prior[part].copy()
        carry = np.zeros(product.size) if carried else None
        for number, (log, trust) in enumerate(zip(flat, reliabilities, strict=True), start=1):
            if trust == 1 and carry is not None:
                carry += log[part]
            elif trust > 0:
                product *= tempered(log[part], trust)
            if carry is not None and number % _FACTORS == 0:
                with np.errstate(divide="ignore"):
                    carry += np.log(product)
                product = np.ones(product.size)
        if carry is not None:
            with np.errstate(divide="ignore"):
                weight[part] = carry + np.log(product)
        else:
            weight[part] = product
        return float(weight[part].max())

    top = max(blocks(prior.size, multiply))
    if not np.isfinite(top) or (not carried and top <= 0):
        return None

    def scale(part: slice) -> float:
        weight[part] = np.exp(weight[part] - top) if carried else weight[part] / top
        return float(weight[part].sum())

    weight /= sum(blocks(prior.size, scale))
    return weight.reshape(mass.shape)


def tempered(logs: Logs, reliability: float) -> NDArray[np.float32]:
    """Return r·L + (1 − r): a likelihood mixed with its mean under the prior, which is 1."""
    likelihood: NDArray[np.float32] = np.exp(logs)
    likelihood *= np.float32(reliability)
    likelihood += np.float32(1 - reliability)
    return likelihood


def relative_entropy_bits(after: Surface, before: Surface) -> float:
    """Return what was learned from one surface to another, in bits, at or above 0."""
    held = (after > 0) & (before > 0)  # below 1e-308 one may be 0 before the other
    return max(float((after[held] * np.log2(after[held] / before[held])).sum()), 0.0)


def densest(surface: Surface, masses: Sequence[float]) -> list[float]:
    """Return, for each mass, the density of the least dense cell that is needed to hold it.

    The cells are counted by the leading bits of their density, which sort as the densities do;
    only those that share these bits with a threshold are sorted.

    Parameters
    ----------
    surface : float array
        At or above 0, summing to 1.
    masses : sequence of float
        Each above 0 and at most 1.
    """
    flat = surface.ravel()
    order = flat.view(np.int64)
    counted = [np.zeros(0)] * len(range(0, flat.size, _BLOCK))

    def count(part: slice) -> float:
        bins = order[part] >> _ORDER_BITS
        counted[part.start // _BLOCK] = np.bincount(bins, flat[part])
        return float(counted[part.start // _BLOCK].size)

    held = np.zeros(int(max(blocks(flat.size, count))))
    for each in counted:
        held[: each.size] += each
    from_top = np.cumsum(held[::-1])
    found = []
    for mass in masses:
        wanted = mass * from_top[-1] * (1 - 1e-12)
        place = min(int(np.searchsorted(from_top, wanted)), held.size - 1)
        above = from_top[place - 1] if place else 0.0
        low, high = (np.array([held.size - 1 - place + end]) << _ORDER_BITS for end in (0, 1))
        in_bin = flat[(order >= low) & (order < high)]
        alike = np.sort(in_bin)[::-1]
        needed = np.searchsorted(above + np.cumsum(alike), wanted)
        found.append(float(alike[min(int(needed), alike.size - 1)]))
    return found
