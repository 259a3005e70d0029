"""Latin pairs: real records of the Library of Congress and others, real and made-up second ones.

Real and the same: one record of a member before and after it was changed (GPO, same OCLC or LCCN
number), and copies of one record in several libraries; only where the sample corpus lies beside
the checkout. Derived and the same: LC records catalogued again, with the slips below. Real and
different: what the blocking keys bring together in LC's file under two LCCNs; pairs that proved on
reading to be LC's own duplicates are left out (`lc_twins.csv`). Derived and different: twins.
"""

import csv
import difflib
import gzip
import io
import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pymarc
from msgspec.structs import replace

from catalog.domain.folding import fold
from catalog.domain.marc.parse import parse
from catalog.domain.marc.problems import RecordError
from catalog.domain.marc.read import RawRecord, read_records, sniff
from catalog.domain.records import BibRecord, IdentifierKind, Material
from tests.benchmarks.labelled.latin_slips import SLIPS, make_twin
from tests.benchmarks.labelled.pairs import LABELLING, Described, Pair, read, without_labels

SEED = 20261122
LABELS = Path(__file__).resolve().parents[2] / "data" / "match_labels"
RECORD_END = b"\x1d"


# --- records of the load file, by their place ----------------------------------------------------


def _lines(name: str) -> list[list[int]]:
    text = (LABELS / name).read_text(encoding="ascii")
    return [[int(number) for number in line.split()] for line in text.splitlines()]


def _known_twins() -> set[tuple[int, int]]:
    """Pairs of LC that a person judged one manifestation, or could not judge."""
    with (LABELS / "lc_twins.csv").open(encoding="ascii", newline="") as lines:
        return {(int(row["offset"]), int(row["other_offset"])) for row in csv.DictReader(lines)}


def _bytes_at(source: io.BufferedReader, offset: int) -> bytes:
    source.seek(offset)
    length = int(source.read(5))
    source.seek(offset)
    return source.read(length)


def candidate_pairs(load: Path) -> Iterator[Pair]:
    """Records LC gave two numbers, which share a blocking key."""
    twins = _known_twins()
    with load.open("rb") as source:
        for left, right in _lines("lc_candidates.txt"):
            if (left, right) in twins:
                continue
            described = (
                Described(name=f"lc{offset}", record=read(_bytes_at(source, offset)))
                for offset in (left, right)
            )
            one, other = described
            yield Pair(left=one, right=other, kind="real: LC candidates", is_same=False)


# --- catalogued again ----------------------------------------------------------------------------


def again_pairs(load: Path) -> Iterator[Pair]:
    """LC's record and the same book by another cataloguer; and a twin that is another book."""
    with load.open("rb") as source:
        for (offset,) in _lines("lc_books.txt"):
            data = _bytes_at(source, offset)
            if not _is_for_the_matcher(_pymarc(data)):
                continue
            original = Described(name=f"lc{offset}", record=read(data))
            dice = random.Random(f"again:{SEED}:{offset}")
            again = _again(_pymarc(data), dice)
            yield Pair(
                left=original, right=Described(name=f"lc{offset}@again", record=again),
                kind="derived: catalogued again", is_same=True,
            )  # fmt: skip
            kind, twin = make_twin(_pymarc(data), dice)
            if twin is not None:
                other = Described(name=f"lc{offset}@{kind}", record=_again(twin, dice))
                yield Pair(left=original, right=other, kind=f"derived: {kind}", is_same=False)


def _is_for_the_matcher(record: pymarc.Record) -> bool:
    """In Latin letters throughout, and from the age of machines.

    Books before 1850 are always a question for a person (MA-15), so they would measure nothing.
    """
    coded = record.get("008")
    year = (coded.data or "")[7:11] if coded else ""
    return not record.get_fields("880") and year.isdigit() and int(year) >= 1850


def _pymarc(data: bytes) -> pymarc.Record:
    return pymarc.Record(data, to_unicode=True, force_utf8=True)


def _again(record: pymarc.Record, dice: random.Random) -> BibRecord:
    for slip, share in SLIPS.items():
        if dice.random() < share:
            slip(record, dice)
    return read(record.as_marc())


# --- real pairs of the sample corpus -------------------------------------------------------------

_FOLDERS = ("gpo", "evergreen", "koha", "lc_bf_dataset", "solrmarc")
_SAME_TITLE = 0.85


def corpus_pairs(corpus: Path) -> Iterator[Pair]:
    """Records of one OCLC or LCCN number that do not say the same, while the title does.

    A record whose title was changed is left out: whether that is still one manifestation is what
    cataloguers' rules differ on.
    """
    groups = _by_number(corpus)
    seen: set[tuple[str, str]] = set()
    for number in sorted(groups):
        for (one, left), (other, right) in combinations(groups[number], 2):
            if Material.SERIAL in (left.material, right.material):
                continue  # without ISSN a serial is a question; with one there is nothing to test
            if (one, other) in seen or _says(left) == _says(right):
                continue
            seen.add((one, other))
            if _title_ratio(left, right) >= _SAME_TITLE:
                yield Pair(
                    left=Described(name=one, record=without_labels(left)),
                    right=Described(name=other, record=without_labels(right)),
                    kind="real: one number", is_same=True,
                )  # fmt: skip


def _by_number(corpus: Path) -> dict[str, list[tuple[str, BibRecord]]]:
    groups: dict[str, list[tuple[str, BibRecord]]] = defaultdict(list)
    for folder in _FOLDERS:
        for path in sorted((corpus / folder).rglob("*")):
            for name, record in _records(path):
                for found in record.identifiers:
                    if found.kind in LABELLING and found.value:
                        groups[f"{found.kind}:{found.value}"].append((name, record))
    return groups


def _records(path: Path) -> Iterator[tuple[str, BibRecord]]:
    if not path.is_file() or "nist" in path.parts or "auth" in path.name:
        return
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for outcome in read_records([data], kind=sniff(data[:256])):
        if isinstance(outcome, RawRecord):
            found = parse(outcome.data)
            if not isinstance(found, RecordError) and found.record.title:
                yield f"{path.name}#{outcome.position}", found.record


def _says(record: BibRecord) -> tuple[object, ...]:
    """What a comparison could look at."""
    isbns = [i.value for i in record.identifiers if i.kind == IdentifierKind.ISBN]
    people = [replace(one, ids=()) for one in record.contributors]
    return (record.titles, people, record.publisher, record.year, record.extent,
            record.edition, record.volume, record.part_name, record.material, isbns,
            record.languages, record.series)  # fmt: skip


def _title_ratio(left: BibRecord, right: BibRecord) -> float:
    return difflib.SequenceMatcher(None, fold(left.title), fold(right.title)).ratio()
