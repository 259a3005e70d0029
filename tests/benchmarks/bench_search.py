"""A search page against PostgreSQL full text: same works, same cut words, same queries in turn.

A page is the first twenty works by rank, the total, and exact counts of four facets and of the
branches where a copy is on the shelf. Both answer every query once before the clock starts.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator

import psycopg
from pypinyin.phrases_dict import phrases_dict

from catalog.domain.query import parse_box
from catalog.domain.text import has_han, pinyin_forms, segment, words
from catalog.search.index import SearchIndex
from catalog.search.query import search
from catalog.search.schema import WorkDocument
from tests.benchmarks.harness import BenchContext, percentile

DESCRIPTION = "search page p95, PostgreSQL full text (GIN) / ours"
DEFAULT_SIZE = 50_000
UNIT = "works, 60 % Chinese titles"
SEED = 20261122
QUERIES = 60  # of each kind
LATIN = """the of history introduction art science modern world american literature theory analysis
design computer system education music life river city mountain handbook studies people language
economy law medicine travel atlas museum garden letters memory light water stone winter summer"""


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    rng = random.Random(SEED)
    works = list(_works(size, rng=rng))
    index = SearchIndex(context.folder / "search")
    started = time.perf_counter()
    with index.rebuild(feed="bench", cursor=0) as builder:
        builder.add(works)
    build_s = time.perf_counter() - started
    queries = _queries(works, rng=rng)
    with psycopg.connect(context.services().database_url, autocommit=True) as connection:
        _fill(connection, works)
        ours, theirs = _times(
            queries,
            ours=lambda typed: search(index, parse_box(typed)).total,
            theirs=lambda typed: _postgresql_page(connection, typed),
        )
    pinyin = _ours_only(index, _pinyin_queries(works, rng=rng))
    folder = context.folder / "search"
    return {
        "ratio": percentile(theirs, 95) / percentile(ours, 95),
        "p95_ms": percentile(ours, 95) * 1000,
        "p50_ms": statistics.median(ours) * 1000,
        "postgresql_p95_ms": percentile(theirs, 95) * 1000,
        "postgresql_p50_ms": statistics.median(theirs) * 1000,
        "pinyin_p95_ms": percentile(pinyin, 95) * 1000,
        "works_per_s": size / build_s,
        "bytes_per_work": sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / size,
    }


def _works(size: int, *, rng: random.Random) -> Iterator[WorkDocument]:
    """Titles of two to six words, common words often; drawn from a phrase dictionary."""
    han = [phrase for phrase in phrases_dict if 2 <= len(phrase) <= 4]
    latin = LATIN.split()
    rng.shuffle(han)
    for work_id in range(1, size + 1):
        is_han = rng.random() < 0.6
        pool, joint = (han, "") if is_han else (latin, " ")
        title = joint.join(pool[_zipf(len(pool), rng)] for _ in range(rng.randint(2, 6)))
        branches = sorted({f"B{rng.randrange(48):02d}" for _ in range(rng.randint(1, 4))})
        yield WorkDocument(
            work_id=work_id,
            titles=(title,),
            authors=("".join(rng.choices("王李张刘陈杨黄赵吴周文明华国英建平志强海", k=3)),),
            subjects=tuple(han[_zipf(500, rng)] for _ in range(2)),
            identifiers=(f"97871{work_id:08d}",),
            classes=(rng.choice("ABCDEFGHIJK") + str(rng.randint(100, 999)),),
            languages=("chi" if is_han else "eng",),
            years=(rng.randint(1950, 2026),),
            materials=("book",),
            available_at=tuple(code for code in branches if rng.random() < 0.75),
            held_at=tuple(branches),
            holdings_count=len(branches),
        )


def _zipf(count: int, rng: random.Random) -> int:
    return min(count - 1, int(count ** rng.random()) - 1)


def _queries(works: list[WorkDocument], *, rng: random.Random) -> list[str]:
    """One word, two words and three words side by side, each taken from a work there is."""
    found: list[str] = []
    for count in (1, 2, 3):
        for work in rng.sample(works, QUERIES):
            cut = words(work.titles[0], overlapping=False)
            start = rng.randrange(max(1, len(cut) - count + 1))
            found.append(" ".join(cut[start : start + count]))
    return rng.sample(found, len(found))


def _pinyin_queries(works: list[WorkDocument], *, rng: random.Random) -> list[str]:
    titles = [work.titles[0] for work in rng.sample(works, 4 * QUERIES)]
    forms = [pinyin_forms(title) for title in titles if has_han(title) and len(title) > 3]
    half = len(forms) // 2
    return [f.initials[:8] for f in forms[:half]] + ["".join(f.syllables[:4]) for f in forms[half:]]


def _times(
    queries: list[str], *, ours: Callable[[str], int], theirs: Callable[[str], int]
) -> tuple[list[float], list[float]]:
    seconds: tuple[list[float], list[float]] = ([], [])
    for round_number in range(2):
        for typed in queries:
            pair = ((0, ours), (1, theirs)) if len(seconds[0]) % 2 else ((1, theirs), (0, ours))
            for place, ask in pair:
                started = time.perf_counter()
                total = ask(typed)
                elapsed = time.perf_counter() - started
                if not total:
                    raise AssertionError(f"{'theirs' if place else 'ours'} finds no {typed!r}")
                if round_number:
                    seconds[place].append(elapsed)
    return seconds


def _ours_only(index: SearchIndex, queries: list[str]) -> list[float]:
    seconds = []
    for typed in queries:
        started = time.perf_counter()
        if not search(index, parse_box(typed)).total:
            raise AssertionError(f"pinyin {typed!r} finds nothing")
        seconds.append(time.perf_counter() - started)
    return seconds


def _fill(connection: psycopg.Connection, works: list[WorkDocument]) -> None:
    connection.execute(
        """CREATE TABLE bench_work (id bigint, words tsvector, language text, decade int, clc text,
           subject text[], available text[])"""
    )
    statement = "COPY bench_work FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for work in works:
            # An array of words is what `to_tsvector('simple', …)` would make, without its parser.
            cut = {
                w for text in (*work.titles, *work.authors, *work.subjects) for w in segment(text)
            }
            tokens = " ".join("'" + word.replace("'", "''") + "'" for word in sorted(cut))
            copy.write_row(
                (
                    *(work.work_id, tokens, work.languages[0], work.years[0] // 10 * 10),
                    *(work.classes[0][0], list(work.subjects), list(work.available_at)),
                )
            )
    connection.execute("CREATE INDEX ON bench_work USING gin (words)")
    connection.execute("VACUUM ANALYZE bench_work")


def _postgresql_page(connection: psycopg.Connection, typed: str) -> int:
    asked = " & ".join(f"'{word}'" for word in words(typed, overlapping=False))
    found = "WITH found AS MATERIALIZED (SELECT * FROM bench_work WHERE words @@ %s::tsquery) "
    connection.execute(
        "SELECT id FROM bench_work WHERE words @@ %s::tsquery"
        " ORDER BY ts_rank(words, %s::tsquery) DESC LIMIT 20",
        (asked, asked),
    ).fetchall()
    facets = " UNION ALL ".join(
        f"SELECT '{name}', {value}::text, count(*) FROM found GROUP BY 2"
        for name, value in {
            "language": "language", "decade": "decade", "clc": "clc",
            "subject": "unnest(subject)", "available": "unnest(available)",
        }.items()
    )  # fmt: skip
    rows = connection.execute(
        f"{found} {facets} UNION ALL SELECT 'total', '', count(*) FROM found",
        (asked,),
    ).fetchall()
    return next(int(count) for name, _value, count in rows if name == "total")
