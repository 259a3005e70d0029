"""Reading MARC: our reader, all its checks on, against pymarc reading the same fields."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pymarc

from catalog.domain.marc import marc21
from catalog.domain.marc.extract import MarcFields, decode
from catalog.domain.marc.parse import parse
from catalog.domain.marc.read import RawRecord, read_iso2709
from tests.benchmarks.harness import BenchContext

DESCRIPTION = "our reader ÷ pymarc, records/s: every field the crosswalk uses, decoded and split"
DEFAULT_SIZE = 20_000
UNIT = "records"

CHUNK = 256 * 1024
CONTROL = ("001", "003", "005", "008")
FIELDS = (
    *("010", "020", "022", "024", "035", "041", "084", "245", "250", "260", "264", "300"),
    *("520", "852", "856", "876", "880", "949", "952"),
    *marc21._OTHER_TITLES,
    *marc21._CONTRIBUTORS,
    *marc21._SUBJECTS,
    *marc21._CLASSES,
    *marc21._SERIES,
    *marc21._NOTES,
)
WANTED = frozenset((*CONTROL, *FIELDS))


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    path = context.load_file(size)
    assert_both_read_the_same(path)
    contenders: dict[str, Callable[[], object]] = {
        "pymarc": lambda: consume(pymarc_reads(path)),
        "ours": lambda: consume(we_read(path)),
        "neutral": lambda: consume(we_make_neutral_records(path)),
    }
    with context.memory() as memory:
        consume(we_read(path))
    seconds = context.rounds(contenders, count=5)
    best = min(seconds["ours"])
    return {
        "ratio": context.ratio(seconds, slow="pymarc", fast="ours"),
        "neutral_ratio": context.ratio(seconds, slow="pymarc", fast="neutral"),
        "records_per_s": size / best,
        "pymarc_records_per_s": size / min(seconds["pymarc"]),
        "neutral_records_per_s": size / min(seconds["neutral"]),
        "seconds": best,
        "peak_mb": memory.grown_mb,
    }


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while block := source.read(CHUNK):
            yield block


def decoded(path: Path) -> Iterator[MarcFields]:
    for raw in read_iso2709(chunks(path)):
        assert isinstance(raw, RawRecord)
        fields = decode(raw.data)
        assert isinstance(fields, MarcFields)
        yield fields


def we_read(path: Path) -> Iterator[object]:
    """`decode` has split every field a crosswalk reads; `assert_both_read_the_same` proves it."""
    for fields in decoded(path):
        yield fields.by_tag, fields.parts


def pymarc_reads(path: Path) -> Iterator[object]:
    with path.open("rb") as source:
        for record in pymarc.MARCReader(source):
            yield [
                field.data
                if field.tag < "010"
                else (field.tag, [(one.code, one.value) for one in field.subfields])
                for field in record.fields
                if field.tag in WANTED
            ]


def we_make_neutral_records(path: Path) -> Iterator[object]:
    for raw in read_iso2709(chunks(path)):
        yield parse(raw.data)


def consume(values: Iterator[object]) -> None:
    for _ in values:
        pass


def assert_both_read_the_same(path: Path, *, count: int = 500) -> None:
    """Nobody is fast by leaving things out."""
    with path.open("rb") as source:
        pairs = zip(decoded(path), pymarc.MARCReader(source), range(count))  # noqa: B905
        for ours, theirs, _ in pairs:
            we_have = sum(len(one) for tag in FIELDS for _, one in ours.fields(tag))
            they_have = sum(len(f.subfields) for f in theirs.fields if f.tag in FIELDS)
            assert we_have == they_have, ours.control("001")
