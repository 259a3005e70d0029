"""Chinese pairs, authored: the sample world's books as its members would catalogue them.

The books are facts about real books (`library_net/demo/data/books.csv`). Most of them lack ISBN
and page count there, so both are made up here, the same at every run; so are the slips and habits
laid over the demo's own cataloguers. Different books are: other books of the list, and twins made
to be confused: homophones, volumes, editions, set numbers, namesakes.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise

from catalog.domain.marc.write import Field, LeaderFlags, write_iso2709
from catalog.domain.records import MarcFormat
from library_net.demo import wording
from library_net.demo.marcfiles import catalogued
from library_net.demo.members import MEMBERS, Habit, Member
from tests.benchmarks.labelled.chinese_books import SEED, Facts, books
from tests.benchmarks.labelled.chinese_slips import SLIPS, no_subtitle, romanised_only
from tests.benchmarks.labelled.chinese_twins import twins
from tests.benchmarks.labelled.pairs import Described, Pair, read

COPIES = 4  # cataloguers of each book


# --- cataloguing ---------------------------------------------------------------------------------


def described(
    facts: Facts, member: Member, *, round_number: int = 0, in_han: bool = False
) -> Described:
    """The book as this member catalogues it, slips and all; read back from real bytes."""
    dice = random.Random(f"slips:{SEED}:{member.code}:{facts.book.key}:{round_number}")
    book = facts.book
    fields = catalogued(book, member=member, number=dice.randrange(10**7), seed=SEED)
    is_cnmarc = member.habit in (Habit.NLC, Habit.CALIS)
    fields = _numbers(fields, facts, is_cnmarc=is_cnmarc, dice=dice)
    for slip, share in SLIPS.items():
        if dice.random() < share and not (facts.is_abridged and slip is no_subtitle):
            fields = slip(fields, book, is_cnmarc, dice)
    if member.habit is Habit.PINYIN_BASE and not in_han and dice.random() < 0.25:
        fields = romanised_only(fields)
    flags = LeaderFlags(type="i") if facts.is_recording else LeaderFlags()
    data = write_iso2709(
        fields,
        format=MarcFormat.CNMARC if is_cnmarc else MarcFormat.MARC21,
        encoding="utf-8" if dice.random() < 0.6 or not is_cnmarc else "gb18030",
        leader_flags=flags,
    )
    return Described(name=f"{book.key}@{member.prefix}", record=read(data))


def _numbers(
    fields: Sequence[Field], facts: Facts, *, is_cnmarc: bool, dice: random.Random
) -> list[Field]:
    """统一书号, and what members do with the number of a set: beside the volume's, or instead."""
    isbn_tag, price = ("010", "d") if is_cnmarc else ("020", "c")
    found = [field for field in fields if not (facts.is_recording and field[0] == isbn_tag)]
    extra: list[Field] = []
    if facts.ubsn and dice.random() < 0.8:
        extra.append(("091", "  ", [("a", facts.ubsn)]) if is_cnmarc else
                     ("024", "8 ", [("a", facts.ubsn)]))  # fmt: skip
    if facts.set_isbn:
        roll = dice.random()
        note = [("b", dice.choice(("套", "全套", "精装全套")))] if is_cnmarc else [("q", "(套)")]
        value = wording.isbn_as(facts.set_isbn, facts.book.year, dice)
        if roll < 0.45:
            extra.append((isbn_tag, "  ", [("a", value), *note, (price, "CNY98.00 (全套)")]))
        elif roll < 0.55:  # the number of the set only, and nothing says so
            found = [field for field in found if field[0] != isbn_tag]
            extra.append((isbn_tag, "  ", [("a", value)]))
    return sorted([*found, *extra], key=lambda field: field[0])


# --- pairs ---------------------------------------------------------------------------------------


def same_pairs(facts: Sequence[Facts]) -> Iterator[Pair]:
    """Each book by some members, every pair of whom describes one manifestation."""
    for one in facts:
        dice = random.Random(f"members:{SEED}:{one.book.key}")
        chosen = dice.sample(MEMBERS, COPIES)
        records = [described(one, member) for member in chosen]
        for left, right in pairwise(records):
            yield Pair(left=left, right=right, kind="authored: one book", is_same=True)


def twin_pairs(facts: Sequence[Facts]) -> Iterator[Pair]:
    for one in facts:
        dice = random.Random(f"twin members:{SEED}:{one.book.key}")
        for kind, twin in twins(one):
            left, right = (
                # Written in letters only, nobody could tell homophones apart.
                described(found, member, round_number=1, in_han="homophone" in kind)
                for found, member in zip((one, twin), dice.sample(MEMBERS, 2), strict=True)
            )
            yield Pair(left=left, right=right, kind=f"authored: {kind}", is_same=False)


def neighbours(facts: Sequence[Facts]) -> Iterator[tuple[str, Described]]:
    """(book, record) of every book once or twice: different books of the list, to be blocked."""
    for one in facts:
        dice = random.Random(f"neighbours:{SEED}:{one.book.key}")
        for member in dice.sample(MEMBERS, 2):
            yield one.book.key, described(one, member, round_number=2)


__all__ = ["books", "neighbours", "same_pairs", "twin_pairs"]
