"""A search page against PostgreSQL full text: same works, same cut words, same queries in turn.

A page is the first twenty works by rank, the exact total and exact counts of eight facets: on the
shelf now, city, branch, language, decade, material, class, audience. PostgreSQL gets the strongest
single statement we know. Every query is asked once before the clock starts. `docs` is the page a
reader gets: titles, editions, and availability as the database says at that moment. `cpu` is the
processor's time of our search alone, which a busy machine stretches less than the clock's.
"""

import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psycopg
from django.conf import settings

from catalog.domain.query import parse_box
from catalog.domain.text import has_han, pinyin_forms, words
from catalog.readers import search_works
from catalog.search.index import SearchIndex, shared_index
from catalog.search.query import search
from catalog.search.schema import WorkDocument
from tests.benchmarks.harness import BenchContext, percentile
from tests.benchmarks.library import CONDOR_ID, library
from tests.benchmarks.rows import fill_catalogue, fill_works

DESCRIPTION = "search page p95, PostgreSQL full text (GIN) / ours"
DEFAULT_SIZE = 100_000
UNIT = "works, 60 % Chinese titles"
DATABASE = "postgresql"
SEED = 20261122
QUERIES = 40  # of each kind
KINDS = ("word", "two", "phrase", "prefix", "pinyin")
LENDER_OF_WORDS = 20_000  # real records whose titles lend the English words
QUERY_FILE = Path(__file__).resolve().parents[2] / "build" / "bench" / "search-queries.json"
CONDOR_TYPED = ("sdyxz", "she diao", "射鵰", "射雕", "ＳＤＹＸＺ")
# peers.md §3, 29 to 31: what other catalogues count differently; then words of our titles.
BOTH_SCRIPTS = (
    ("中華書局", "中华书局"), ("巴蜀書社", "巴蜀书社"), ("歷史研究", "历史研究"), ("佛敎", "佛教"),
    ("中國基督教教育", "中国基督教教育"), ("沈從文", "沈从文"), ("中國", "中国"), ("歷史", "历史"),
    ("發展", "发展"), ("藝術", "艺术"), ("經濟", "经济"), ("電影", "电影"), ("醫學", "医学"),
    ("射鵰英雄傳", "射雕英雄传"), ("程序設計", "程序设计"), ("長江", "长江"), ("戰爭", "战争"),
)  # fmt: skip

Ask = Callable[[str, str], int]  # (kind, typed) -> total


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    load = context.load_file(LENDER_OF_WORDS)
    index = shared_index(settings.SEARCH_INDEX_PATH)
    started = time.perf_counter()
    with index.rebuild(feed="bench", cursor=0) as builder:
        builder.add(library(size, load=load))
    build_s = time.perf_counter() - started
    queries = _queries(library(size, load=load), size=size)
    with psycopg.connect(os.environ["LIBRARY_NET_DATABASE_URL"], autocommit=True) as connection:
        fill_works(connection, library(size, load=load))
        connection.execute("SET work_mem = '64MB'")
        fill_catalogue()
        contenders: dict[str, Ask] = {
            "ours": lambda kind, typed: search(index, parse_box(typed)).total,
            "docs": lambda kind, typed: search_works(typed=typed).total,
            "postgresql": lambda kind, typed: _postgresql_page(connection, kind, typed),
        }
        seconds = _times(queries, contenders)
    found = _figures(seconds)
    folder = settings.SEARCH_INDEX_PATH
    return found | {
        "condor_worst_place": _condor_worst_place(index),
        "script_pairs_unequal": _unequal_pairs(index),
        "works_per_s": size / build_s,
        "bytes_per_record": sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / size,
    }


def _figures(seconds: dict[str, dict[str, list[float]]]) -> dict[str, float]:
    """Ratios over the four kinds both can answer; ours also with pinyin."""
    shared = [kind for kind in KINDS if kind != "pinyin"]
    both = {
        name: [s for kind in shared for s in seconds[name][kind]] for name in ("ours", "postgresql")
    }
    ours = [s for kind in KINDS for s in seconds["ours"][kind]]
    cpu = [s for kind in KINDS for s in seconds["ours_cpu"][kind]]
    docs = [s for kind in KINDS for s in seconds["docs"][kind]]
    found = {
        "ratio": percentile(both["postgresql"], 95) / percentile(both["ours"], 95),
        "p95_ms": percentile(ours, 95) * 1000,
        "p50_ms": statistics.median(ours) * 1000,
        "cpu_p95_ms": percentile(cpu, 95) * 1000,
        "docs_p95_ms": percentile(docs, 95) * 1000,
        "docs_p50_ms": statistics.median(docs) * 1000,
        "pg_p95_ms": percentile(both["postgresql"], 95) * 1000,
        "pg_p50_ms": statistics.median(both["postgresql"]) * 1000,
        "ratio_p50": statistics.median(both["postgresql"]) / statistics.median(both["ours"]),
    }
    return found | {
        f"{kind}_p95_ms": percentile(seconds["ours"][kind], 95) * 1000 for kind in KINDS
    }


# --- queries -----------------------------------------------------------------------------------


def _queries(works: Iterable[WorkDocument], *, size: int) -> dict[str, list[str]]:
    """So many of each kind from titles drawn by the seed; kept in a file to look at."""
    dice = random.Random(SEED)
    drawn = set(dice.sample(range(1, size + 1), min(size, 20 * QUERIES)))
    titles = [work.titles[0] for work in works if work.work_id in drawn]
    dice.shuffle(titles)
    han = [title for title in titles if has_han(title) and len(title) > 3]
    makers: dict[str, tuple[list[str], Callable[[str, random.Random], str]]] = {
        "word": (titles, _one_word),
        "two": (titles, _two_words),
        "phrase": (titles, _words_side_by_side),
        "prefix": (titles, _beginning),
        "pinyin": (han, _pinyin),
    }
    queries: dict[str, list[str]] = {}
    for kind, (pool, make) in makers.items():
        typed = (make(title, dice) for title in pool)
        queries[kind] = [text for text in dict.fromkeys(typed) if text][:QUERIES]
    QUERY_FILE.parent.mkdir(parents=True, exist_ok=True)
    QUERY_FILE.write_text(json.dumps(queries, ensure_ascii=False, indent=1), encoding="utf-8")
    return queries


def _one_word(title: str, dice: random.Random) -> str:
    return dice.choice(words(title, overlapping=False))


def _two_words(title: str, dice: random.Random) -> str:
    cut = words(title, overlapping=False)
    return " ".join(dice.sample(cut, 2)) if len(set(cut)) > 1 else ""


def _words_side_by_side(title: str, dice: random.Random) -> str:
    cut = words(title, overlapping=False)
    if len(cut) < 2:
        return ""
    start = dice.randrange(len(cut) - 1)
    joint = "" if has_han(title) else " "
    return f'"{joint.join(cut[start : start + 2])}"'


def _beginning(title: str, dice: random.Random) -> str:
    """A word not typed to its end, or the first words of a Chinese title."""
    cut = words(title, overlapping=False)
    if has_han(title):
        return "".join(cut[:2])
    return max(cut, key=len)[: dice.randint(3, 5)]


def _pinyin(title: str, dice: random.Random) -> str:
    form = pinyin_forms(title)
    shapes = (
        form.initials[: dice.randint(3, 8)],
        "".join(form.syllables[: dice.randint(2, 4)]),
        " ".join(form.syllables[:2]),
    )
    return dice.choice(shapes)


def _times(
    queries: dict[str, list[str]], contenders: dict[str, Ask]
) -> dict[str, dict[str, list[float]]]:
    """Seconds by contender and kind; the order turns from query to query; the first round warms."""
    seconds: dict[str, dict[str, list[float]]] = {
        name: {kind: [] for kind in queries} for name in (*contenders, "ours_cpu")
    }
    for is_measured in (False, True):
        for kind, typed, name in _turns(queries, list(contenders)):
            started, started_cpu = time.perf_counter(), time.thread_time()
            total = contenders[name](kind, typed)
            elapsed, cpu = time.perf_counter() - started, time.thread_time() - started_cpu
            if not total:
                raise AssertionError(f"{name} finds no {kind} {typed!r}")
            if is_measured:
                seconds[name][kind].append(elapsed)
            if is_measured and name == "ours":
                seconds["ours_cpu"][kind].append(cpu)
    return seconds


def _turns(queries: dict[str, list[str]], names: list[str]) -> Iterator[tuple[str, str, str]]:
    """(kind, typed, who answers now); PostgreSQL knows no pinyin."""
    for kind, texts in queries.items():
        able = [name for name in names if kind != "pinyin" or name != "postgresql"]
        for turn, typed in enumerate(texts):
            first = turn % len(able)
            yield from ((kind, typed, name) for name in able[first:] + able[:first])


def _condor_worst_place(index: SearchIndex) -> float:
    """The worst place of 射雕英雄传 among the ways people type it; 99 where it is not found."""
    places = []
    for typed in CONDOR_TYPED:
        hits = [hit.work_id for hit in search(index, parse_box(typed)).hits]
        places.append(hits.index(CONDOR_ID) + 1 if CONDOR_ID in hits else 99)
    return max(places)


def _unequal_pairs(index: SearchIndex) -> float:
    totals = [
        [search(index, parse_box(typed)).total for typed in (pair, f'"{pair}"')]
        for both in BOTH_SCRIPTS
        for pair in both
    ]
    return sum(left != right for left, right in zip(totals[::2], totals[1::2], strict=True))


# --- PostgreSQL --------------------------------------------------------------------------------


_FACETS = {
    "available": "is_available", "city": "unnest(cities)", "branch": "unnest(available)",
    "language": "language", "decade": "decade", "material": "material", "clc": "clc",
    "audience": "audience",
}  # fmt: skip
_PAGE = (
    "WITH found AS MATERIALIZED (SELECT *, ts_rank(words, %(asked)s::tsquery) AS rank"
    " FROM bench_work WHERE words @@ %(asked)s::tsquery)"
    " (SELECT 'hit', id::text, 0 FROM found ORDER BY rank DESC LIMIT 20)"
    " UNION ALL SELECT 'total', '', count(*) FROM found"
    + "".join(
        f" UNION ALL SELECT '{name}', {value}::text, count(*) FROM found GROUP BY 2"
        for name, value in _FACETS.items()
    )
)


def _postgresql_page(connection: psycopg.Connection, kind: str, typed: str) -> int:
    cut = [f"'{word}'" for word in words(typed, overlapping=False)]
    if kind == "prefix":
        cut[-1] += ":*"
    asked = (" <-> " if kind == "phrase" else " & ").join(cut)
    rows = connection.execute(_PAGE, {"asked": asked}).fetchall()
    return next(int(count) for name, _value, count in rows if name == "total")
