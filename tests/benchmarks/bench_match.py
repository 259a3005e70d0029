"""The matcher on labelled pairs: how often it is right, where it errs, against two simple rules.

Half of the pairs served to improve the matcher; every headline is of the other half. A pair counts
as matched if the records share a blocking key and the verdict is *same*; *ask* is a miss. Negative
pairs that share no key are left out: they would only flatter.
"""

import csv
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from catalog.domain.folding import fold
from catalog.domain.matching import Comparison, MatchProfile, Verdict, compare, profile_of
from catalog.domain.records import BibRecord
from tests.benchmarks.harness import BenchContext
from tests.benchmarks.labelled import chinese, latin
from tests.benchmarks.labelled.pairs import Described, Pair
from tests.benchmarks.load import LOAD_RECORDS

DESCRIPTION = "F1 of the matcher ÷ F1 of one key of many fields (held-out half of the pairs)"
DEFAULT_SIZE = 250_000
UNIT = "LC records to take labelled pairs from"

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "data" / "marc"
ERRORS = ROOT / "build" / "bench" / "match_errors.txt"
PUBLISHED = ROOT / "docs" / "match-errors.csv"


@dataclass(slots=True)
class Score:
    right: int = 0
    wrong: int = 0
    missed: int = 0
    apart: int = 0

    def add(self, *, is_same: bool, is_matched: bool) -> None:
        if is_same:
            self.right, self.missed = self.right + is_matched, self.missed + (not is_matched)
        else:
            self.wrong, self.apart = self.wrong + is_matched, self.apart + (not is_matched)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(slots=True, kw_only=True)
class Judged:
    pair: Pair
    part: str
    verdict: str  # same, ask, different, or unmet: no key in common
    comparison: Comparison

    @property
    def is_matched(self) -> bool:
        return self.verdict == Verdict.SAME


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    load = context.load_file(max(size, LOAD_RECORDS))
    pairs = {"latin": list(latin_pairs(load)), "chinese": list(chinese_pairs())}
    started = time.perf_counter()
    judged = [one for part, found in pairs.items() for one in judge(part, found)]
    seconds = time.perf_counter() - started
    held = [one for one in judged if one.pair.is_held_out]
    tuned = [one for one in judged if not one.pair.is_held_out]
    report(held, tuned)
    if size == DEFAULT_SIZE and CORPUS.is_dir():
        publish_errors(held, tuned)
    ours = score(held)
    key = rule(held, _many_field_key)
    isbn = rule(held, _shared_isbn)
    found = {
        "ratio": ours.f1 / key.f1,
        "ratio_to_isbn_rule": ours.f1 / isbn.f1,
        "precision": ours.precision,
        "recall": ours.recall,
        "key_precision": key.precision,
        "key_recall": key.recall,
        "isbn_precision": isbn.precision,
        "isbn_recall": isbn.recall,
        "tuned_precision": score(tuned).precision,
        "tuned_recall": score(tuned).recall,
        "seconds": seconds,
        "us_per_pair": seconds / len(judged) * 1e6,
    }
    for part in pairs:
        mine = [one for one in held if one.part == part]
        one = score(mine)
        found |= {
            f"{part}_precision": one.precision,
            f"{part}_recall": one.recall,
            f"{part}_same_pairs": one.right + one.missed,
            f"{part}_different_pairs": one.wrong + one.apart,
        }
    real = score([one for one in held if one.pair.kind == "real: one number"])
    if real.right + real.missed:
        found |= {"latin_real_recall": real.recall, "latin_real_same": real.right + real.missed}
    return found


def latin_pairs(load: Path) -> Iterator[Pair]:
    yield from latin.candidate_pairs(load)
    yield from latin.again_pairs(load)
    if CORPUS.is_dir():
        yield from latin.corpus_pairs(CORPUS)


def chinese_pairs() -> Iterator[Pair]:
    facts = chinese.books()
    yield from chinese.same_pairs(facts)
    yield from chinese.twin_pairs(facts)
    yield from _blocked(list(chinese.neighbours(facts)))


def _blocked(records: Sequence[tuple[str, Described]]) -> Iterator[Pair]:
    """Different books of the list that share a blocking key."""
    blocks: dict[str, list[int]] = defaultdict(list)
    for number, (_, described) in enumerate(records):
        for key in profile_of(described.record).keys:
            blocks[key].append(number)
    met = {pair for block in blocks.values() for pair in combinations(block, 2)}
    for i, j in sorted(met):
        if records[i][0] != records[j][0]:
            yield Pair(left=records[i][1], right=records[j][1],
                       kind="authored: other books of the list", is_same=False)  # fmt: skip


def judge(part: str, pairs: Iterable[Pair]) -> Iterator[Judged]:
    for pair in pairs:
        left, right = profile_of(pair.left.record), profile_of(pair.right.record)
        is_met = not set(left.keys).isdisjoint(right.keys)
        if not is_met and not pair.is_same:
            continue
        found = compare(left, right)
        verdict = str(found.verdict) if is_met else "unmet"
        yield Judged(pair=pair, part=part, verdict=verdict, comparison=found)


def score(judged: Iterable[Judged]) -> Score:
    found = Score()
    for one in judged:
        found.add(is_same=one.pair.is_same, is_matched=one.is_matched)
    return found


# --- what we compare with ------------------------------------------------------------------------


def rule(judged: Iterable[Judged], is_one: "Rule") -> Score:
    found = Score()
    for one in judged:
        matched = is_one(one.pair.left.record, one.pair.right.record)
        found.add(is_same=one.pair.is_same, is_matched=matched)
    return found


class Rule:
    def __call__(self, left: BibRecord, right: BibRecord) -> bool: ...


def _key(record: BibRecord) -> tuple[object, ...]:
    """One key of many fields, equal or not: what shared union catalogues commonly cluster by.

    Title 70 characters, year, pages, first digits of the edition, publisher and author 5 letters,
    kind, part. Ours to write, in their manner; simplified forms are folded for it, which they lack.
    """
    folded = fold(f"{record.title} {record.subtitle}".strip())
    edition = re.findall(r"\d+", record.edition)
    person = fold(record.contributors[0].name)[:5] if record.contributors else ""
    return (
        *(folded[:70], record.year, record.pages, edition[:1]),
        *(fold(record.publisher)[:5], record.material, fold(record.volume)[:30], person),
    )


def _many_field_key(left: BibRecord, right: BibRecord) -> bool:
    return _key(left) == _key(right)


def _shared_isbn(left: BibRecord, right: BibRecord) -> bool:
    return not set(left.isbns()).isdisjoint(right.isbns())


# --- the list of errors --------------------------------------------------------------------------


def report(held: Sequence[Judged], tuned: Sequence[Judged]) -> None:
    lines = []
    for title, judged in (("held-out half", held), ("half used for tuning", tuned)):
        table: dict[str, Counter[str]] = defaultdict(Counter)
        for one in judged:
            table[f"{one.part}, {one.pair.kind}"][one.verdict] += 1
        lines.append(f"== {title}")
        lines += [f"   {kind}: {dict(counts)}" for kind, counts in sorted(table.items())]
        for one in judged:
            if one.is_matched != one.pair.is_same:
                lines += _error(one)
    ERRORS.parent.mkdir(parents=True, exist_ok=True)
    ERRORS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    end = lines.index("== half used for tuning")
    wrong = [line for line in lines[:end] if not line.startswith("     ")]
    print("\n".join(wrong[:200]))
    print(f"  every error, with both records: {ERRORS.relative_to(ROOT)}")


def publish_errors(held: Sequence[Judged], tuned: Sequence[Judged]) -> None:
    """The list that goes into the repository: which pairs and why, without the records."""
    rows = [
        (half, one.part, one.pair.kind, one.pair.left.name, one.pair.right.name, *_outcome(one))
        for half, judged in (("held-out", held), ("tuning", tuned))
        for one in judged
        if one.is_matched != one.pair.is_same
    ]
    with PUBLISHED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("half", "part", "kind", "left", "right", "outcome", "what did not agree"))
        writer.writerows(sorted(rows))


def _outcome(one: Judged) -> tuple[str, str]:
    said = ", ".join(
        f"{row.field} {row.verdict}" for row in one.comparison.evidence if row.verdict != "agree"
    )
    return "wrongly joined" if one.is_matched else f"missed ({one.verdict})", said


def _error(one: Judged) -> list[str]:
    what, said = _outcome(one)
    return [
        f"{what}: {one.pair.left.name} / {one.pair.right.name} [{one.pair.kind}] {said}",
        f"       {_show(one.pair.left.record)}",
        f"       {_show(one.pair.right.record)}",
    ]


def _show(record: BibRecord) -> str:
    titles = " : ".join(title.text for title in record.titles[:2])
    people = "; ".join(person.name for person in record.contributors[:2])
    return " | ".join(
        str(part) for part in (titles[:100], record.volume, record.part_name, people,
                               record.publisher, record.year, record.edition, record.extent,
                               " ".join(record.isbns()))
    )  # fmt: skip


__all__ = ["MatchProfile", "judge", "run", "score"]
