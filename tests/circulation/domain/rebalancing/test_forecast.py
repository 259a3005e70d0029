"""What readers will ask for, from what they asked for."""

from datetime import date

import numpy as np
import pytest

from circulation.domain.rebalancing.forecast import Events, Titles, forecast
from circulation.domain.rebalancing.problem import Demand, Smoothing

TODAY = date(2026, 11, 20)
PLAIN = Smoothing(window_weeks=4, factor=0.5, title_prior_weeks=1, branch_prior_weeks=1)
NONE = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def events(*rows: tuple[int, int, int]) -> Events:
    """Rows of (title, branch, days ago)."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Events(title=table[:, 0], branch=table[:, 1], day=TODAY.toordinal() - table[:, 2])


def demand(loans: Events, requests: Events | None = None, **more: object) -> Demand:
    fields: dict[str, object] = {
        "titles": Titles(title=np.array([1, 2, 3]), class_id=np.array([0, 0, 5])),
        "stocked": NONE,
        "as_of": TODAY,
        "weeks": 4,
        "smoothing": PLAIN,
        "floor_per_week": 99.0,
    }
    return forecast(loans=loans, requests=requests or events(), **(fields | more))


def weekly(found: Demand, title: int, branch: int) -> float:
    at = np.flatnonzero((found.title == title) & (found.branch == branch))
    return float(found.per_week[at[0]])


def test_level_is_the_exponentially_smoothed_weekly_count() -> None:
    """RB-1: with no leaning on priors the level equals the textbook recursion, week by week."""
    counts = [3, 0, 1, 4]  # oldest week first
    rows = [(1, 9, 7 * age + day) for age, n in enumerate(reversed(counts)) for day in range(n)]
    level, weight = 0.0, 0.0
    for count in counts:
        level, weight = 0.5 * level + count, 0.5 * weight + 1
    alone = Smoothing(window_weeks=4, factor=0.5, title_prior_weeks=0, branch_prior_weeks=0)

    found = demand(events(*rows), smoothing=alone)

    assert weekly(found, 1, 9) == pytest.approx(level / weight)


def test_last_week_weighs_more_than_last_month() -> None:
    """RB-1."""
    assert weekly(demand(events((1, 9, 1))), 1, 9) > weekly(demand(events((1, 9, 22))), 1, 9)


def test_loans_outside_the_window_and_of_tomorrow_do_not_count() -> None:
    """RB-1."""
    assert demand(events((1, 9, 28), (1, 9, -1))).title.size == 0


def test_waiting_readers_are_counted_one_by_one() -> None:
    """RB-2: beside the stream of readers who may come."""
    found = demand(events((1, 9, 1)), events((1, 9, 0), (1, 9, 0)))

    assert found.waiting.tolist() == [2]
    assert found.expected[0] == pytest.approx(4 * found.per_week[0])


def test_a_shelf_leans_on_its_title_and_a_title_on_its_class() -> None:
    """RB-1: title 2 was never lent; its class was, so a little is expected; class 5 was not."""
    stocked = (np.array([2, 3]), np.array([9, 9]))

    found = demand(events((1, 9, 1), (1, 9, 2), (1, 8, 3)), stocked=stocked)

    assert weekly(found, 1, 9) > weekly(found, 2, 9) > 0
    assert weekly(found, 3, 9) == 0
    assert weekly(found, 1, 9) > weekly(found, 1, 8)


def test_promising_pairs_are_listed_from_the_floor_up() -> None:
    """RB-1: with a low floor a title is listed where only others of its class were lent."""
    loans = events((1, 9, 1), (1, 9, 2), (2, 8, 3))

    low = demand(loans, floor_per_week=0.01)
    high = demand(loans, floor_per_week=99)

    assert (1, 8) in zip(low.title.tolist(), low.branch.tolist(), strict=True)
    assert (1, 8) not in zip(high.title.tolist(), high.branch.tolist(), strict=True)
    assert all(low.per_week >= 0.01)


def test_pairs_come_sorted_and_once() -> None:
    found = demand(events((2, 9, 1), (1, 9, 1), (1, 8, 2), (2, 9, 3)), floor_per_week=0.0)

    pairs = list(zip(found.title.tolist(), found.branch.tolist(), strict=True))
    assert pairs == sorted(set(pairs))


def test_a_network_without_loans_expects_nobody() -> None:
    found = demand(events(), stocked=(np.array([1]), np.array([9])))

    assert found.expected.tolist() == [0.0]
    assert demand(events()).title.size == 0


def test_every_loan_counts_once_at_each_level() -> None:
    """RB-1: over all titles and branches the expected weekly loans equal the smoothed total."""
    rng = np.random.default_rng(4)
    rows = [
        (int(rng.integers(1, 3)), int(rng.integers(1, 6)), int(rng.integers(0, 28)))
        for _ in range(300)
    ]

    found = demand(events(*rows), floor_per_week=0.0)

    decay = 0.5 ** np.arange(4)
    weights = sum(0.5 ** (days // 7) for _, _, days in rows)
    assert found.per_week.sum() == pytest.approx(weights / decay.sum(), rel=1e-9)
