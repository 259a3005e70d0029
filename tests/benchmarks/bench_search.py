"""A search page against PostgreSQL full text: same works, same cut words, same queries in turn.

A page is the first twenty works by rank, the exact total and exact counts of eight facets: on the
shelf now, city, branch, language, decade, material, class, audience. PostgreSQL gets the strongest
statement we know: one bitmap scan, the single-valued facets in one pass of grouping sets, plenty of
memory, no compiling of plans, and availability in the row itself. Every query is asked once before
the clock starts and then ASKED times; its median counts. `every_p95_ms` is over all askings.
`docs` is the page a reader gets: titles, editions, and availability as the database says at that
moment. `cpu` is the processor's time of our search alone, on however many cores.
"""

import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import django
import opencc
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
ASKED = 3  # times, after the first
KINDS = ("word", "two", "phrase", "prefix", "pinyin")
LENDER_OF_WORDS = 20_000  # real records whose titles lend the English words
QUERY_FILE = Path(__file__).resolve().parents[2] / "build" / "bench" / "search-queries.json"
CONDOR_TYPED = ("sdyxz", "she diao", "射鵰", "射雕", "ＳＤＹＸＺ")
SCRIPTS = ("s2t", "s2tw", "s2hk")  # OpenCC's traditional standard, Taiwan's and Hong Kong's
# What other catalogues count differently; then words of our titles.
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
    # The database is filled by a process of its own meanwhile; it speaks for itself below.
    spawning = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawning, initializer=django.setup) as other:
        filled = other.submit(_fill_database, size, load)
        started = time.perf_counter()
        titles = _build_index(index, size, load)
        build_s = time.perf_counter() - started
        filled.result()
    queries = _queries(titles)
    with psycopg.connect(os.environ["LIBRARY_NET_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("SET work_mem = '256MB'")
        connection.execute("SET jit = off")
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
        "script_pairs": len(scripts := _both_scripts(queries)),
        "script_pairs_unequal": _unequal(index, scripts),
        "works_per_s": size / build_s,
        "bytes_per_record": sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / size,
    }


def _fill_database(size: int, load: Path) -> None:
    """In a process of its own: the works for PostgreSQL's search, and as a catalogue."""
    with psycopg.connect(os.environ["LIBRARY_NET_DATABASE_URL"], autocommit=True) as connection:
        fill_works(connection, library(size, load=load))
    fill_catalogue()


def _build_index(index: SearchIndex, size: int, load: Path) -> list[str]:
    """Builds it and returns the titles queries are made of, drawn by the seed."""
    dice = random.Random(SEED)
    drawn = set(dice.sample(range(1, size + 1), min(size, 20 * QUERIES)))
    titles: list[str] = []

    def noted() -> Iterator[WorkDocument]:
        for work in library(size, load=load):
            if work.work_id in drawn:
                titles.append(work.titles[0])
            yield work

    with index.rebuild(feed="bench", cursor=0) as builder:
        builder.add(noted())
    return titles


Seconds = dict[str, dict[str, list[list[float]]]]  # by contender and kind: of each query


def _figures(seconds: Seconds) -> dict[str, float]:
    """Ratios over the four kinds both can answer; ours also with pinyin."""
    shared = [kind for kind in KINDS if kind != "pinyin"]
    pg, both = _medians(seconds["postgresql"], shared), _medians(seconds["ours"], shared)
    ours, cpu, docs = (_medians(seconds[name], KINDS) for name in ("ours", "ours_cpu", "docs"))
    every = [s for kind in KINDS for times in seconds["ours"][kind] for s in times]
    every_docs = [s for kind in KINDS for times in seconds["docs"][kind] for s in times]
    found = {
        "ratio": percentile(pg, 95) / percentile(both, 95),
        "p95_ms": percentile(ours, 95) * 1000,
        "p50_ms": statistics.median(ours) * 1000,
        "cpu_p95_ms": percentile(cpu, 95) * 1000,
        "every_p95_ms": percentile(every, 95) * 1000,
        "docs_p95_ms": percentile(docs, 95) * 1000,
        "docs_p50_ms": statistics.median(docs) * 1000,
        "docs_every_p95_ms": percentile(every_docs, 95) * 1000,
        "pg_p95_ms": percentile(pg, 95) * 1000,
        "pg_p50_ms": statistics.median(pg) * 1000,
        "ratio_p50": statistics.median(pg) / statistics.median(both),
    }
    return found | {
        f"{kind}_p95_ms": percentile(_medians(seconds["ours"], [kind]), 95) * 1000 for kind in KINDS
    }


def _medians(times: dict[str, list[list[float]]], kinds: Sequence[str]) -> list[float]:
    return [statistics.median(asked) for kind in kinds for asked in times[kind]]


# --- queries -----------------------------------------------------------------------------------


def _queries(titles: list[str]) -> dict[str, list[str]]:
    """So many of each kind from titles; kept in a file to look at."""
    dice = random.Random(SEED)
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
    if not has_han(title):
        return f'"{" ".join(cut[start : start + 2])}"'
    joined = _cut_alike(cut[start : start + 2])
    return f'"{joined}"' if joined else ""


def _beginning(title: str, dice: random.Random) -> str:
    """A word not typed to its end, or the first words of a Chinese title."""
    cut = words(title, overlapping=False)
    if has_han(title):
        return _cut_alike(cut[:2])
    return max(cut, key=len)[: dice.randint(3, 5)]


def _cut_alike(cut: list[str]) -> str:
    """Words as one text if the dictionary cuts them so again; else PostgreSQL finds nothing."""
    joined = "".join(cut)
    return joined if words(joined, overlapping=False) == cut else ""


def _pinyin(title: str, dice: random.Random) -> str:
    form = pinyin_forms(title)
    shapes = (
        form.initials[: dice.randint(3, 8)],
        "".join(form.syllables[: dice.randint(2, 4)]),
        " ".join(form.syllables[:2]),
    )
    return dice.choice(shapes)


def _times(queries: dict[str, list[str]], contenders: dict[str, Ask]) -> Seconds:
    """The order turns from query to query and round to round; the first round warms."""
    seconds: Seconds = {
        name: {kind: [[] for _ in texts] for kind, texts in queries.items()}
        for name in (*contenders, "ours_cpu")
    }
    for round_ in range(1 + ASKED):
        for kind, number, name in _turns(queries, list(contenders), round_):
            started, started_cpu = time.perf_counter(), time.process_time()
            total = contenders[name](kind, queries[kind][number])
            elapsed, cpu = time.perf_counter() - started, time.process_time() - started_cpu
            if not total:
                raise AssertionError(f"{name} finds no {kind} {queries[kind][number]!r}")
            if round_:
                seconds[name][kind][number].append(elapsed)
            if round_ and name == "ours":
                seconds["ours_cpu"][kind][number].append(cpu)
    return seconds


def _turns(
    queries: dict[str, list[str]], names: list[str], round_: int
) -> Iterator[tuple[str, int, str]]:
    """(kind, number of the query, who answers now); PostgreSQL knows no pinyin."""
    for kind, texts in queries.items():
        able = [name for name in names if kind != "pinyin" or name != "postgresql"]
        for number in range(len(texts)):
            first = (number + round_) % len(able)
            yield from ((kind, number, name) for name in able[first:] + able[:first])


def _condor_worst_place(index: SearchIndex) -> float:
    """The worst place of 射雕英雄传 among the ways people type it; 99 where it is not found."""
    places = []
    for typed in CONDOR_TYPED:
        hits = [hit.work_id for hit in search(index, parse_box(typed)).hits]
        places.append(hits.index(CONDOR_ID) + 1 if CONDOR_ID in hits else 99)
    return max(places)


def _both_scripts(queries: dict[str, list[str]]) -> list[tuple[str, str]]:
    """The listed pairs, plain and quoted, and every Chinese query of the file in both scripts."""
    listed = [
        (f"{q}{left}{q}", f"{q}{right}{q}") for left, right in BOTH_SCRIPTS for q in ("", '"')
    ]
    asked = sorted({typed for texts in queries.values() for typed in texts if has_han(typed)})
    pairs = [(opencc.OpenCC(way).convert(typed), typed) for way in SCRIPTS for typed in asked]
    return listed + [pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1]]


def _unequal(index: SearchIndex, pairs: list[tuple[str, str]]) -> float:
    totals = [
        [search(index, parse_box(typed), with_facets=False).total for typed in pair]
        for pair in pairs
    ]
    return sum(left != right for left, right in totals)


# --- PostgreSQL --------------------------------------------------------------------------------


_SINGLE = ("is_available", "language", "decade", "material", "clc", "audience")
_SEVERAL = ("cities", "available")
_PAGE = (
    f"WITH found AS MATERIALIZED (SELECT id, {', '.join((*_SINGLE, *_SEVERAL))},"
    " ts_rank(words, %(asked)s::tsquery) AS rank"
    " FROM bench_work WHERE words @@ %(asked)s::tsquery)"
    " (SELECT 'hit', id::text, 0 FROM found ORDER BY rank DESC LIMIT 20)"
    # The number of the grouping set says which facet a row counts; 63 is the total.
    f" UNION ALL SELECT GROUPING({', '.join(_SINGLE)})::text,"
    f" coalesce({', '.join(f'{name}::text' for name in _SINGLE)}, ''), count(*) FROM found"
    f" GROUP BY GROUPING SETS ((), {', '.join(f'({name})' for name in _SINGLE)})"
    + "".join(
        f" UNION ALL SELECT '{name}', unnest({name})::text, count(*) FROM found GROUP BY 2"
        for name in _SEVERAL
    )
)


def _postgresql_page(connection: psycopg.Connection, kind: str, typed: str) -> int:
    cut = [f"'{word}'" for word in words(typed, overlapping=False)]
    if kind == "prefix":
        cut[-1] += ":*"
    asked = (" <-> " if kind == "phrase" else " & ").join(cut)
    rows = connection.execute(_PAGE, {"asked": asked}).fetchall()
    return next(int(count) for name, _value, count in rows if name == "63")
