"""Demand of very many sparse series: ours against the textbook loop over each series' weeks.

Both get the same loans and give the same numbers (`difference`); the loop gets a tenth of the
titles, and the rates are compared, because nobody wants to wait for it.
"""

import statistics
from collections import defaultdict
from datetime import date

import numpy as np

from circulation.domain.rebalancing.forecast import Events, Titles, forecast
from circulation.domain.rebalancing.problem import Demand, Smoothing, Terms
from tests.benchmarks.harness import BenchContext

DESCRIPTION = "series per second: ours / plain smoothing, one series and week after the other"
DEFAULT_SIZE = 2_000_000
UNIT = "loans"
SEED = 20261122
BRANCHES, CLASSES = 200, 22
TODAY = date(2026, 11, 22)
RULES = Smoothing()


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    loans, titles = random_loans(size)
    part = loans.title % 10 == 0
    small = Events(title=loans.title[part], branch=loans.branch[part], day=loans.day[part])
    small_titles = Titles(title=titles.title[::10], class_id=titles.class_id[::10])
    found: dict[str, Demand] = {}
    reference: dict[tuple[int, int], float] = {}
    seconds = context.rounds(
        {
            "ours": lambda: found.update(all=ours(loans, titles)),
            "loop": lambda: reference.update(one_by_one(small, small_titles)),
        }
    )
    same = ours(small, small_titles)
    pairs = zip(same.title.tolist(), same.branch.tolist(), strict=True)
    expected = np.array([reference[pair] for pair in pairs])
    series = found["all"].title.size
    ratio = context.ratio(seconds, slow="loop", fast="ours") * series / len(reference)
    return {
        "ratio": ratio,
        "seconds": statistics.median(seconds["ours"]),
        "series": series,
        "series_per_second": series / statistics.median(seconds["ours"]),
        "difference": float(np.max(np.abs(same.per_week - expected))),
    }


def random_loans(count: int) -> tuple[Events, Titles]:
    """Heavy-tailed titles, uneven branches, half a year of days."""
    rng = np.random.default_rng(SEED)
    titles = max(10, count // 5)
    popularity = np.cumsum(rng.lognormal(0, 1.2, titles))
    title = np.searchsorted(popularity, rng.uniform(0, popularity[-1], count))
    branch = np.floor(BRANCHES * rng.beta(1, 3, count)).astype(np.int64)
    day = TODAY.toordinal() - rng.integers(0, 7 * RULES.window_weeks, count)
    loans = Events(title=title.astype(np.int64), branch=branch, day=day)
    return loans, Titles(title=np.arange(titles), class_id=rng.integers(0, CLASSES, titles))


def ours(loans: Events, titles: Titles) -> Demand:
    none = np.zeros(0, dtype=np.int64)
    return forecast(
        loans=loans,
        requests=Events(title=none, branch=none, day=none),
        titles=titles,
        stocked=(none, none),
        as_of=TODAY,
        weeks=Terms().horizon_weeks,
        smoothing=RULES,
        floor_per_week=np.inf,
    )


def one_by_one(loans: Events, titles: Titles) -> dict[tuple[int, int], float]:
    """Weekly counts per series, smoothed week by week, then leaning on title and class."""
    keep = 1 - RULES.factor
    series: dict[tuple[int, int], list[int]] = {}
    rows = zip(loans.title.tolist(), loans.branch.tolist(), loans.day.tolist(), strict=True)
    for title, branch, day in rows:
        weeks = series.setdefault((title, branch), [0] * RULES.window_weeks)
        weeks[RULES.window_weeks - 1 - (TODAY.toordinal() - day) // 7] += 1
    seen_weeks = sum(keep**week for week in range(RULES.window_weeks))
    level: dict[tuple[int, int], float] = {}
    for pair, weeks in series.items():
        smoothed = 0.0
        for count in weeks:
            smoothed = keep * smoothed + count
        level[pair] = smoothed
    classes = dict(zip(titles.title.tolist(), titles.class_id.tolist(), strict=True))
    of_title: defaultdict[int, float] = defaultdict(float)
    of_class: defaultdict[int, float] = defaultdict(float)
    of_branch: defaultdict[int, float] = defaultdict(float)
    of_both: defaultdict[tuple[int, int], float] = defaultdict(float)
    for (title, branch), value in level.items():
        of_title[title] += value
        of_class[classes[title]] += value
        of_branch[branch] += value
        of_both[classes[title], branch] += value
    in_class = np.bincount(titles.class_id, minlength=CLASSES).tolist()
    total = sum(of_branch.values())
    demand = {}
    for (title, branch), value in level.items():
        group = classes[title]
        lean = RULES.title_prior_weeks
        rate = of_class[group] / (seen_weeks * in_class[group])
        rate = (of_title[title] + lean * rate) / (seen_weeks + lean)
        lean = RULES.share_prior_loans
        share = of_both[group, branch] + lean * of_branch[branch] / total
        share /= of_class[group] + lean
        lean = RULES.branch_prior_weeks
        demand[title, branch] = (value + lean * rate * share) / (seen_weeks + lean)
    return demand
