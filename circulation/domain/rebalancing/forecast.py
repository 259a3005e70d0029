"""How many readers will ask for each title at each branch, from loans and waiting requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from circulation.domain.rebalancing.problem import (
    Demand,
    FloatArray,
    IntArray,
    Smoothing,
    index_of,
)

CHUNK_PAIRS = 4_000_000  # (title, branch) pairs looked at together; bounds the memory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """Loans by place of checkout, or requests by pickup branch; `day` is a proleptic ordinal."""

    title: IntArray
    branch: IntArray
    day: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Titles:
    """Every title of the network, sorted by id, and the class it leans on (any small number)."""

    title: IntArray
    class_id: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Levels:
    """Weekly rates above the single shelf: per title, and each branch's share per class."""

    class_at: IntArray
    title_rate: FloatArray
    share: FloatArray  # [class, branch]


def forecast(
    *,
    loans: Events,
    requests: Events,
    titles: Titles,
    stocked: tuple[IntArray, IntArray],
    as_of: date,
    weeks: float,
    smoothing: Smoothing,
    floor_per_week: float,
) -> Demand:
    """Exponentially smoothed weekly demand, shrunk to title, class and network (RB-1, RB-2).

    A pair is listed when it had loans, has waiting requests or `stocked` copies (title ids,
    branch ids), or when what its title does elsewhere promises `floor_per_week` or more here.
    Titles absent from `titles` and loans older than the window or after `as_of` are left out.

    # Note [Smoothing without a series]
    Simple exponential smoothing of weekly counts is a weighted sum of the loans: a loan of age w
    weeks weighs (1 - factor) ** w, and the level is that sum over E, the sum of the weights of the
    window's weeks. So no week without loans is ever touched, and time is linear in loans. A shelf
    seen for E weeks then leans on its prior rate as on `prior_weeks` more (gamma-Poisson mean).
    """
    decay = 1.0 - smoothing.factor
    exposure = float(np.sum(decay ** np.arange(smoothing.window_weeks)))
    branches = np.unique(np.concatenate([loans.branch, requests.branch, stocked[1]]))
    age = (as_of.toordinal() - loans.day) // 7
    counted = np.flatnonzero((age >= 0) & (age < smoothing.window_weeks))
    loan_key = _keys(titles, branches, loans.title[counted], loans.branch[counted])
    counted, loan_key = counted[loan_key >= 0], loan_key[loan_key >= 0]
    weight = np.power(decay, age[counted].astype(np.float64))
    request_key = _keys(titles, branches, requests.title, requests.branch)
    request_key = request_key[request_key >= 0]
    stock_key = _keys(titles, branches, *stocked)

    levels = _levels(titles, branches.size, loan_key, weight, exposure, smoothing)
    lean = smoothing.branch_prior_weeks
    least_prior = floor_per_week * (exposure + lean) / lean if lean > 0 else np.inf
    promising = _promising(levels, branches.size, least_prior)
    keys, at = np.unique(
        np.concatenate([loan_key, request_key, stock_key[stock_key >= 0], promising]),
        return_inverse=True,
    )
    of_loans, of_requests, _rest = np.split(at, [loan_key.size, loan_key.size + request_key.size])
    width = max(1, branches.size)
    title_at, branch_at = keys // width, keys % width
    prior = levels.title_rate[title_at] * levels.share[levels.class_at[title_at], branch_at]
    seen = np.bincount(of_loans, weight, keys.size)
    per_week = (seen + lean * prior) / (exposure + lean)
    return Demand(
        title=titles.title[title_at],
        branch=branches[branch_at] if branches.size else branch_at,
        per_week=per_week,
        waiting=np.bincount(of_requests, minlength=keys.size).astype(np.int64),
        expected=per_week * weeks,
    )


def _levels(
    titles: Titles,
    branch_count: int,
    loan_key: IntArray,
    weight: FloatArray,
    exposure: float,
    smoothing: Smoothing,
) -> _Levels:
    classes, class_at = np.unique(titles.class_id, return_inverse=True)
    width = max(1, branch_count)
    title_at, branch_at = loan_key // width, loan_key % width
    of_title = np.bincount(title_at, weight, titles.title.size)
    of_class = np.bincount(class_at, of_title, classes.size)
    in_class = np.bincount(class_at, minlength=classes.size)
    of_branch = np.bincount(branch_at, weight, branch_count)
    total = float(weight.sum())
    overall = of_branch / total if total > 0 else np.full(branch_count, 1.0 / width)
    of_both = np.bincount(
        class_at[title_at] * width + branch_at, weight, classes.size * branch_count
    ).reshape(classes.size, branch_count)
    lean = smoothing.share_prior_loans
    class_rate = of_class / (exposure * np.maximum(in_class, 1))
    lean_title = smoothing.title_prior_weeks
    return _Levels(
        class_at=class_at.astype(np.int64),
        title_rate=(of_title + lean_title * class_rate[class_at]) / (exposure + lean_title),
        share=(of_both + lean * overall) / (of_class + lean)[:, None],
    )


def _promising(levels: _Levels, branch_count: int, least_prior: float) -> IntArray:
    """Keys of pairs whose prior alone reaches `least_prior`, found title block by title block."""
    if branch_count == 0 or levels.title_rate.size == 0:
        return np.zeros(0, dtype=np.int64)
    best = levels.title_rate * levels.share.max(axis=1)[levels.class_at]
    hopeful = np.flatnonzero(best >= least_prior)
    found = [np.zeros(0, dtype=np.int64)]
    step = max(1, CHUNK_PAIRS // branch_count)
    for start in range(0, hopeful.size, step):
        block = hopeful[start : start + step]
        prior = levels.title_rate[block, None] * levels.share[levels.class_at[block]]
        row, column = np.nonzero(prior >= least_prior)
        found.append(block[row] * branch_count + column)
    return np.concatenate(found)


def _keys(titles: Titles, branches: IntArray, title: IntArray, branch: IntArray) -> IntArray:
    """One number per (title, branch) that sorts as the pair does; -1 for a title not listed."""
    title_at = index_of(titles.title, title)
    key = title_at * max(1, branches.size) + index_of(branches, branch)
    return np.where(title_at >= 0, key, -1)
