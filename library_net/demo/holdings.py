"""Which member of the sample world holds which book, and how many copies stand where.

All of it follows from a seed: the same seed, the same world.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from library_net.demo.books import NETWORK_FILE, Book
from library_net.demo.cnmarc import Copy
from library_net.demo.members import LIVE_MEMBERS, MEMBERS, Member

COPIES = 10_400
"""Of the whole network: enough to walk along a shelf, few enough to load in a minute."""

STORY_TITLE = "茶馆"
STORY_AUTHOR = "王笛"
_PER_PLACE = {"center": 1000, "city": 420, "reading_space": 70, "community": 50, "selfservice": 40}
_PEERS = {"CN-510000-1-SCL": 620, "CN-500000-1-CQL": 380}
_MUCH_READ, _OFTEN_READ = 0.08, 0.35  # of the titles, by rank


def is_story(book: Book) -> bool:
    """The book the live story is about; its only copy is Jinjiang's."""
    return book.title == STORY_TITLE and any(p.name == STORY_AUTHOR for p in book.people)


def popularity(books: Sequence[Book], *, seed: int) -> dict[str, float]:
    """How much each book is asked for: a long tail, children's books and fiction in front."""
    rng = random.Random(f"popularity:{seed}")  # noqa: S311 - a sample world, not a secret
    taste = {
        book.key: rng.random()
        * (0.55 if book.audience == "children" else 0.8 if book.clc.startswith("I2") else 1.0)
        * (1.0 if book.is_chinese else 1.6)
        for book in books
    }
    ranked = sorted(books, key=lambda book: taste[book.key])
    return {book.key: 1 / (10 + rank) ** 0.7 for rank, book in enumerate(ranked)}


def holders(books: Sequence[Book], *, seed: int) -> dict[str, list[Book]]:
    """The books of each member by its code; volumes of one set stay together."""
    rng = random.Random(f"holders:{seed}")  # noqa: S311
    liked = popularity(books, seed=seed)
    sets: dict[tuple[str, ...], list[Book]] = defaultdict(list)
    for book in books:
        sets[book.set_key].append(book)
    groups = sorted(sets.values(), key=lambda group: -max(liked[b.key] for b in group))
    held: dict[str, list[Book]] = {member.code: [] for member in MEMBERS}
    for rank, group in enumerate(groups):
        if is_story(group[0]):
            chosen = [m for m in MEMBERS if m.code in LIVE_MEMBERS]
        else:
            chosen = _sample(rng, _how_many(rng, rank / len(groups), group))
        for member in chosen:
            held[member.code] += group
    return held


def _how_many(rng: random.Random, place: float, group: Sequence[Book]) -> int:
    if place < _MUCH_READ:
        number = rng.randint(3, 6)
    elif place < _OFTEN_READ:
        number = rng.choice((2, 2, 2, 3))
    else:
        number = rng.choice((1,) * 9 + (2,))
    return max(number, 2) if group[0].isbn else number


def _sample(rng: random.Random, number: int) -> list[Member]:
    """So many members, larger ones likelier, in the order of the network."""
    keyed = sorted(MEMBERS, key=lambda member: -(rng.random() ** (1 / member.share)))
    chosen = {m.code for m in keyed[:number]}
    return [member for member in MEMBERS if member.code in chosen]


def place_sizes(path: Path = NETWORK_FILE) -> dict[str, int]:
    """How many copies each of the 48 places should have: by residents, and by what it is."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    sizes = {r["code"]: _PER_PLACE[r["kind"]] for r in rows if r["kind"] in _PER_PLACE} | _PEERS
    districts = {r["code"]: int(r["population_2020"]) or 600_000 for r in rows} | dict.fromkeys(
        sizes, 0
    )
    # Reading spreads less unevenly than people do.
    weights = {code: people**0.7 for code, people in districts.items() if people}
    unit = (COPIES - sum(sizes.values())) / sum(weights.values())
    return sizes | {code: round(weight * unit) for code, weight in weights.items()}


def copies_of(
    member: Member,
    books: Sequence[Book],
    *,
    liked: Mapping[str, float],
    sizes: Mapping[str, int],
    seed: int,
) -> dict[str, list[Copy]]:
    """The member's copies by book key, spread over its places."""
    rng = random.Random(f"copies:{seed}:{member.code}")  # noqa: S311
    shelved = [book for book in books if not is_story(book)]
    where: dict[str, list[str]] = {book.key: [] for book in books}
    for place in member.branches:
        for book in _shelf(rng, shelved, liked, sizes[place], is_main=place == member.code):
            where[book.key].append(place)
    if member.code == LIVE_MEMBERS[0]:
        for book in filter(is_story, books):
            where[book.key] = [member.code]
    return _numbered(member, books, where)


def _shelf(
    rng: random.Random,
    books: Sequence[Book],
    liked: Mapping[str, float],
    size: int,
    *,
    is_main: bool,
) -> Iterable[Book]:
    """So many books to put on one place's shelves; the main building has nearly everything."""
    weights = [liked[book.key] for book in books]
    basic = [book for book in books if rng.random() < 0.9] if is_main else []
    return [*basic[:size], *rng.choices(books, weights, k=max(size - len(basic), 0))]


def _numbered(
    member: Member, books: Sequence[Book], where: Mapping[str, Sequence[str]]
) -> dict[str, list[Copy]]:
    """Barcodes and call numbers in order of accession; two small members number from 1 alike."""
    copies: dict[str, list[Copy]] = {}
    serial = 0
    in_class: dict[str, int] = defaultdict(int)
    for book in books:
        in_class[book.clc] += 1
        call_number = f"{book.clc}/{in_class[book.clc]}"
        copies[book.key] = []
        for place in where[book.key]:
            serial += 1
            barcode = f"{serial:07d}" if member.share < 1 else f"{member.code[3:9]}{serial:07d}"
            copies[book.key].append(Copy(barcode=barcode, branch=place, call_number=call_number))
    return copies
