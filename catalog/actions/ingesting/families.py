"""Works of editions that may meet others by more than title and first author (MA-18 to MA-21).

Most editions say nothing beyond these two, and never come here. Of the others everything that may
be tied to them is read, their family, and its works are formed anew from the editions alone: the
outcome is the same whoever sent first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from catalog.domain.records import BibRecord
from catalog.domain.works import Unit, WorkFacts, group_works, keys_of_work, work_facts
from catalog.models import Manifestation, Work, WorkDecision, WorkKey
from catalog.models.bulk import (
    as_datetime,
    execute_where_in,
    insert_rows,
    reserve_ids,
    select_where_in,
    update_rows,
)

if TYPE_CHECKING:
    from catalog.actions.ingesting.editions import Edition

Pair = frozenset[int]


@dataclass(slots=True, kw_only=True)
class Relative:
    """One edition of a family: of this step, or as it is stored."""

    manifestation_id: int
    work_id: int  # before this step, 0 for none
    facts: WorkFacts
    title: str
    author: str
    edition: Edition | None = None  # of this step


@dataclass(slots=True)
class Families:
    """All families this step touches, together."""

    relatives: dict[int, Relative] = field(default_factory=dict)  # by manifestation
    works: set[int] = field(default_factory=set)  # they are in before this step
    decided: dict[Pair, bool] = field(default_factory=dict)  # by manifestation ids
    names: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)  # of decided ones

    def unit(self, one: Relative) -> Unit:
        return Unit(facts=one.facts, decided=self.names.get(one.manifestation_id, ()))


@dataclass(slots=True)
class Placed:
    """Where the editions of the families are now."""

    work_of: dict[int, int] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)  # not of this step: the works they leave
    created: list[int] = field(default_factory=list)


# --- who belongs to it ---------------------------------------------------------------------------


def place_families(
    editions: Sequence[Edition], *, before: Mapping[int, int], now: datetime
) -> Placed:
    """Group the families of these editions and write their works; the rest is not looked at.

    ``before`` are the works of every manifestation this step may change. One query where nothing
    ties anybody, two more for editions that were here before.
    """
    found = _Finder(editions, before)
    found.search()
    placed = _place(found.families, now=now) if found.families.relatives else Placed()
    _write_keys(editions, former=before.keys(), decided=found.decided_sources)
    return placed


class _Finder:
    """Follows keys, works and decisions from the editions of a step until nothing new appears."""

    def __init__(self, editions: Sequence[Edition], before: Mapping[int, int]) -> None:
        self.editions = editions
        self.before = before
        self.families = Families()
        self.by_id = {edition.manifestation_id: edition for edition in editions}
        self.by_key: dict[str, list[Edition]] = defaultdict(list)
        for edition in editions:
            for key in (edition.grouping_key, *edition.ties):
                self.by_key[key].append(edition)
        self.home: dict[int, int] = {}  # of the relatives' records: source id -> manifestation
        self.lasting: dict[int, tuple[str, str]] = {}  # agency and source key of these records
        self.words: dict[Pair, bool] = {}  # decisions, by source ids
        known = [
            member.source_id
            for edition in editions
            for member in edition.cluster.members
            if member.manifestation_id is not None
        ]
        self.decided_sources = {pk for pair in _decisions_about(known) for pk in pair}

    def search(self) -> None:
        seen: set[str] = set()
        keys, works = self._first_keys(), set[int]()
        while keys or works:
            seen |= keys
            works |= _works_with(keys)
            mine = {one.manifestation_id: one for key in keys for one in self.by_key.get(key, ())}
            fresh = [self._take(edition) for edition in mine.values()]
            works |= {one.work_id for one in fresh if one}
            works -= self.families.works | {0}
            fresh += self._load(works)
            self.families.works |= works
            found = [one for one in fresh if one]
            keys = {key for one in found for key in (one.facts.key, *one.facts.ties)} - seen
            works = self._others_decided(found)
        self._settle_decisions()

    def _first_keys(self) -> set[str]:
        """Keys of editions that meet somebody by more than title and author, or did before."""
        former = select_where_in(
            "SELECT key, manifestation_id FROM catalog_workkey WHERE manifestation_id {values}",
            sorted(self.before),
        )
        keys = {key for key, _ in former}
        shared = Counter(key for edition in self.editions for key in edition.ties)
        met = {key for key, _ in _rows_of(self.by_key)}
        for edition in self.editions:
            mine = (edition.grouping_key, *edition.ties)
            is_tied = any(shared[key] > 1 for key in edition.ties) or not met.isdisjoint(mine)
            if is_tied or _is_decided(edition, self.decided_sources):
                keys.update(mine)
        return keys

    def _take(self, edition: Edition) -> Relative | None:
        """An edition of this step, unless it is here already."""
        pk = edition.manifestation_id
        if pk in self.families.relatives:
            return None
        record = BibRecord.from_json(edition.neutral)
        found = Relative(
            manifestation_id=pk,
            work_id=self.before.get(pk, 0),
            facts=work_facts(record),
            title=edition.title,
            author=edition.author,
            edition=edition,
        )
        self.families.relatives[pk] = found
        for member in edition.cluster.members:
            self.home[member.source_id] = pk
            self.lasting[member.source_id] = (member.agency_code, member.source_key)
        return found

    def _load(self, works: Collection[int]) -> list[Relative | None]:
        """Every edition of these works as it is now; those this step ends or absorbs are none."""
        found: list[Relative | None] = []
        for pk, work_id, record, title, author in select_where_in(_EDITIONS, sorted(works)):
            if pk in self.by_id:
                found.append(self._take(self.by_id[pk]))
            elif pk not in self.before and pk not in self.families.relatives:
                one = Relative(
                    manifestation_id=pk,
                    work_id=work_id,
                    facts=work_facts(BibRecord.from_json(record)),
                    title=title,
                    author=author,
                )
                self.families.relatives[pk] = one
                found.append(one)
        return found

    def _others_decided(self, found: Sequence[Relative]) -> set[int]:
        """Works on the other side of decisions about these. One query where nobody decided."""
        if not found or not WorkDecision.objects.filter(undone_at=None).exists():
            return set()
        stored = [one.manifestation_id for one in found if one.edition is None]
        for source_id, pk, code, key in select_where_in(_RECORDS, stored):
            self.home[source_id] = pk
            self.lasting[source_id] = (code, key)
        words = _decisions_about([pk for pk, home in self.home.items() if home in
                                  {one.manifestation_id for one in found}])  # fmt: skip
        self.words |= words
        others = sorted({pk for pair in words for pk in pair} - self.home.keys())
        return {pk for (pk,) in select_where_in(_WORKS_OF_RECORDS, others)} - self.families.works

    def _settle_decisions(self) -> None:
        """Decisions as words on editions; of two that contradict each other the parting holds."""
        families = self.families
        for pair, is_same in self.words.items():
            editions = frozenset(self.home.get(pk, 0) for pk in pair)
            if len(editions) == 2 and 0 not in editions:
                families.decided[editions] = families.decided.get(editions, True) and is_same
        spoken_of = {pk for editions in families.decided for pk in editions}
        names: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for source_id, pk in self.home.items():
            if pk in spoken_of:
                names[pk].append(self.lasting[source_id])
        families.names = {pk: tuple(sorted(found)) for pk, found in names.items()}


_EDITIONS = """
    SELECT id, work_id, record, title, author FROM catalog_manifestation
    WHERE deleted_at IS NULL AND absorbed_by_id IS NULL AND work_id {values}
"""
_RECORDS = """
    SELECT s.id, s.manifestation_id, a.code, s.source_key
    FROM catalog_sourcerecord s JOIN network_agency a ON a.id = s.agency_id
    WHERE s.deleted_at IS NULL AND s.manifestation_id {values}
"""
_WORKS_OF_RECORDS = """
    SELECT DISTINCT m.work_id
    FROM catalog_sourcerecord s JOIN catalog_manifestation m ON m.id = s.manifestation_id
    WHERE s.deleted_at IS NULL AND s.id {values}
"""
_DECIDED = """
    SELECT left_id, right_id, kind FROM catalog_workdecision
    WHERE undone_at IS NULL AND {side} {{values}}
"""


def _rows_of(keys: Iterable[str]) -> list[tuple[str, int]]:
    rows = select_where_in(
        "SELECT key, manifestation_id FROM catalog_workkey WHERE key {values}", sorted(keys)
    )
    return [(key, pk) for key, pk in rows]


def _works_with(keys: Collection[str]) -> set[int]:
    """Living works that have one of these keys, or an edition that has. Three queries."""
    own = select_where_in(
        "SELECT id FROM catalog_work WHERE absorbed_by_id IS NULL AND grouping_key {values}",
        sorted(keys),
    )
    of_editions = select_where_in(
        "SELECT DISTINCT work_id FROM catalog_manifestation"
        " WHERE deleted_at IS NULL AND absorbed_by_id IS NULL AND id {values}",
        sorted({pk for _, pk in _rows_of(keys)}),
    )
    return {pk for (pk,) in (*own, *of_editions)}


def _decisions_about(source_ids: Collection[int]) -> dict[Pair, bool]:
    """What librarians decided about these records. Two queries, none for no records."""
    found: dict[Pair, bool] = {}
    for side in ("left_id", "right_id"):
        rows = select_where_in(_DECIDED.format(side=side), sorted(source_ids))
        found |= {frozenset((left, right)): kind == "same" for left, right, kind in rows}
    return found


def _is_decided(edition: Edition, sources: Collection[int]) -> bool:
    return bool(sources) and any(one.source_id in sources for one in edition.cluster.members)


# --- where they belong ---------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Group:
    """One work as it is to be."""

    keys: list[str]
    relatives: list[Relative]
    work_id: int = 0


def _place(families: Families, *, now: datetime) -> Placed:
    """Group the families' editions and give every group its work."""
    groups = _grouped(families)
    placed = Placed()
    _give_works(groups, placed, now=now)
    for group in groups:
        for one in group.relatives:
            placed.work_of[one.manifestation_id] = group.work_id
            if one.edition is not None:
                one.edition.work_id = group.work_id
            elif one.work_id != group.work_id:
                placed.moved[one.manifestation_id] = one.work_id
    update_rows(
        Manifestation,
        ["work_id", "updated_at"],
        [(placed.work_of[pk], as_datetime(now), pk) for pk in sorted(placed.moved)],
    )
    return placed


def _grouped(families: Families) -> list[_Group]:
    by_unit: dict[Unit, list[Relative]] = defaultdict(list)
    for one in families.relatives.values():
        by_unit[families.unit(one)].append(one)
    unit_of = {pk: families.unit(one) for pk, one in families.relatives.items()}
    decided = {
        frozenset(unit_of[pk] for pk in pair): word for pair, word in families.decided.items()
    }
    groups = []
    for units in group_works(list(by_unit), decided=decided):
        relatives = [one for unit in units for one in by_unit.get(unit, ())]
        if relatives:
            groups.append(_Group(keys=keys_of_work(units), relatives=relatives))
    return groups


def _give_works(groups: list[_Group], placed: Placed, *, now: datetime) -> None:
    """Of the works with one of the group's keys the oldest it is in, else that ended, was absorbed.

    Else a work it is in and no other group has a claim to, which is given the key; else a new one.
    """
    stamp = as_datetime(now)
    rows = select_where_in(
        "SELECT id, grouping_key, absorbed_by_id FROM catalog_work WHERE grouping_key {values}",
        sorted({key for group in groups for key in group.keys}),
    )
    owner = {key: group for group in groups for key in group.keys}
    claims: dict[int, list[tuple[bool, bool, int]]] = defaultdict(list)
    for pk, key, absorbed_by in rows:
        is_left = all(one.work_id != pk for one in owner[key].relatives)
        claims[id(owner[key])].append((is_left, absorbed_by is not None, pk))
    claimed = {row[0] for row in rows}
    revived = []
    for group in groups:
        if found := sorted(claims.get(id(group), ())):
            _, is_absorbed, group.work_id = found[0]
            revived += [group.work_id] if is_absorbed else []
    update_rows(Work, ["absorbed_by_id"], [(None, pk) for pk in revived])
    renamed = []
    for group in (one for one in groups if not one.work_id):
        former = {one.work_id for one in group.relatives} - claimed - {0}
        if former:
            group.work_id = min(former)
            claimed.add(group.work_id)
            renamed.append((group.keys[0], group.work_id))
    update_rows(Work, ["grouping_key"], renamed)
    new = [group for group in groups if not group.work_id]
    for group, pk in zip(new, reserve_ids(Work, len(new)), strict=True):
        group.work_id = pk
        placed.created.append(pk)
    insert_rows(
        Work,
        ["id", "title", "author", "grouping_key", "absorbed_by_id", "updated_at"],
        [
            (one.work_id, one.relatives[0].title, one.relatives[0].author, one.keys[0], None, stamp)
            for one in new
        ],
    )


def _write_keys(
    editions: Sequence[Edition], *, former: Collection[int], decided: Collection[int]
) -> None:
    """The keys these editions are met by: of those with evidence, and those decided about."""
    execute_where_in("DELETE FROM catalog_workkey WHERE manifestation_id {values}", sorted(former))
    insert_rows(
        WorkKey,
        ["manifestation_id", "key"],
        [
            (edition.manifestation_id, key)
            for edition in editions
            if edition.ties or _is_decided(edition, decided)
            for key in (edition.grouping_key, *edition.ties)
        ],
    )
