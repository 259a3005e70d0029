"""Which member records belong together after a step: the affected groups, clustered anew.

A step touches the groups its records match into, the groups they came from, and every group tied
to those by a match that was overruled. Each such group is clustered from its records alone, so the
outcome is what a first run over the same records would give (MA-11).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from catalog.actions.ingesting.portion import Incoming, Known
from catalog.domain.clustering import Edge, cluster
from catalog.domain.marc.prepare import Prepared
from catalog.domain.matching import MatchProfile, Verdict, are_apart, compare
from catalog.domain.records import BibRecord
from catalog.models.bulk import select_where_in

MAX_CANDIDATES = 200  # of one key; a block larger than that tells nothing


@dataclass(slots=True, kw_only=True)
class Member:
    """One living source record of an affected group."""

    source_id: int
    agency_code: str
    source_key: str
    prepared: Prepared
    manifestation_id: int | None  # before this step; None for a new record

    @property
    def record(self) -> BibRecord:
        return self.prepared.record

    @property
    def profile(self) -> MatchProfile:
        return self.prepared.profile

    @property
    def keys(self) -> tuple[int, ...]:
        return self.prepared.keys

    @property
    def lasting_name(self) -> tuple[str, ...]:
        return (self.agency_code, self.source_key)


@dataclass(slots=True, kw_only=True)
class Cluster:
    """Records held for one manifestation."""

    members: list[Member]  # by source id


@dataclass(slots=True)
class Grouping:
    clusters: list[Cluster] = field(default_factory=list)
    edges: list[Edge[int]] = field(default_factory=list)  # between source ids
    questions: list[Edge[int]] = field(default_factory=list)  # what the matcher cannot tell
    # Manifestations whose members were all looked at: only these may change hands or end.
    affected: set[int] = field(default_factory=set)
    # Members of groups of more than one: their evidence is written anew.
    regrouped: set[int] = field(default_factory=set)


Pair = frozenset[int]  # of source ids
Decided = dict[Pair, bool]


def group(incoming: list[Incoming], *, agency_code: str, gone: Collection[Known]) -> Grouping:
    """Cluster everything this step affects. Five queries, and four for each round of neighbours."""
    replaced = {one.known.source_id for one in incoming if one.known}
    replaced |= {known.source_id for known in gone}
    fresh = {one.source_id: _fresh_member(one, agency_code) for one in incoming}
    touched = {known.manifestation_id for known in gone}
    return group_members(fresh, without=replaced, touched=touched)


def group_members(
    fresh: Mapping[int, Member], *, without: set[int], touched: Collection[int | None]
) -> Grouping:
    """The same for records however they came: ``fresh`` are looked at anew.

    ``without`` are stored rows not to be read (replaced or withdrawn), ``touched`` further
    manifestations to cluster anew.
    """
    held = _holders(fresh, without=without | fresh.keys())
    stored = load_members(held.candidates)
    met = _meetings(fresh, stored, held.by_key)
    decided = _decisions_about([pk for pk, one in fresh.items() if one.manifestation_id])
    affected = {
        stored[other].manifestation_id for pair in met.same for other in pair & stored.keys()
    }
    affected |= {one.manifestation_id for one in fresh.values()}
    affected |= set(touched) | decided.manifestation_ids
    neighbourhood = _neighbourhood({pk for pk in affected if pk is not None})
    neighbourhood.decided |= decided.pairs
    members = dict(fresh)
    members |= _load(neighbourhood.source_ids - without - fresh.keys(), known=stored)
    found = Grouping(affected=neighbourhood.manifestation_ids, questions=met.questions)
    joined_by_hand = [tuple(pair) for pair, is_same in neighbourhood.decided.items() if is_same]
    ties = [*map(tuple, met.same), *neighbourhood.ties, *joined_by_hand]
    for component in _components(members, ties):
        _cluster_component(component, neighbourhood.decided, found)
    return found


def _fresh_member(one: Incoming, agency_code: str) -> Member:
    return Member(
        source_id=one.source_id,
        agency_code=agency_code,
        source_key=one.source_key,
        prepared=one.prepared,
        manifestation_id=one.known.manifestation_id if one.known else None,
    )


class _Holders(NamedTuple):
    """Stored records that share keys with those of this step."""

    by_key: dict[int, list[int]]  # all of each block
    candidates: set[int]


def _holders(fresh: Mapping[int, Member], *, without: set[int]) -> _Holders:
    """One query for the whole step.

    Of a block that is too large, those that share most keys: they are the ones to be the same.
    """
    keys = sorted({key for one in fresh.values() for key in one.keys})
    rows = select_where_in(
        "SELECT key, source_record_id FROM catalog_matchkey WHERE key {values}", keys
    )
    by_key: dict[int, list[int]] = defaultdict(list)
    for key, source_id in rows:
        if source_id not in without:
            by_key[key].append(source_id)
    candidates: set[int] = set()
    large = [found for found in by_key.values() if len(found) > MAX_CANDIDATES]
    shared = Counter(pk for found in by_key.values() for pk in found) if large else Counter()
    for found in by_key.values():
        if len(found) > MAX_CANDIDATES:
            found = sorted(found, key=lambda pk: (-shared[pk], pk))[:MAX_CANDIDATES]  # noqa: PLW2901
        candidates.update(found)
    return _Holders(by_key, candidates)


def load_members(source_ids: Collection[int]) -> dict[int, Member]:
    """Living records by id, withdrawn ones left out. One query."""
    return _load(source_ids, known={})


_MEMBER_ROWS = """
    SELECT s.id, a.code, s.source_key, s.neutral, s.manifestation_id
    FROM catalog_sourcerecord s JOIN network_agency a ON a.id = s.agency_id
    WHERE s.deleted_at IS NULL AND s.id {values}
"""


def _load(source_ids: Collection[int], *, known: Mapping[int, Member]) -> dict[int, Member]:
    found = {pk: known[pk] for pk in source_ids if pk in known}
    rows = select_where_in(_MEMBER_ROWS, [pk for pk in source_ids if pk not in known])
    for source_id, code, key, neutral, manifestation_id in rows:
        found[source_id] = Member(
            source_id=source_id,
            agency_code=code,
            source_key=key,
            prepared=Prepared(record=BibRecord.from_json(neutral)),
            manifestation_id=manifestation_id,
        )
    return found


@dataclass(slots=True)
class _Met:
    same: set[Pair] = field(default_factory=set)
    questions: list[Edge[int]] = field(default_factory=list)


def _meetings(
    fresh: Mapping[int, Member], stored: Mapping[int, Member], held: Mapping[int, Sequence[int]]
) -> _Met:
    """Pairs with a record of this step: held for one manifestation, or to be asked about."""
    met = _Met()
    compared: set[Pair] = set()
    by_key = _shared_keys(list(fresh.values()))
    for key, ids in held.items():
        by_key.setdefault(key, []).extend(stored[pk] for pk in ids if pk in stored)
    for left in fresh.values():
        for key in left.keys:
            for right in by_key.get(key, ()):
                pair = frozenset((left.source_id, right.source_id))
                if len(pair) == 1 or pair in compared:
                    continue
                compared.add(pair)
                _meet(left, right, met)
    return met


def _meet(left: Member, right: Member, met: _Met) -> None:
    """Compare two records, unless a glimpse tells them apart."""
    if are_apart(left.prepared.glimpse, right.prepared.glimpse):
        return
    found = compare(left.profile, right.profile)
    if found.verdict == Verdict.SAME:
        met.same.add(frozenset((left.source_id, right.source_id)))
    elif found.verdict == Verdict.ASK:
        met.questions.append(
            Edge(left=left.source_id, right=right.source_id, comparison=found, is_joined=False)
        )


def _shared_keys(members: Sequence[Member]) -> dict[int, list[Member]]:
    """Who has each key that more than one has; most keys are those of one record alone."""
    seen: set[int] = set()
    shared: set[int] = set()
    all_keys = [member.keys for member in members]
    for keys in all_keys:
        if not seen.isdisjoint(keys):
            shared.update(seen.intersection(keys))
        seen.update(keys)
    by_key: dict[int, list[Member]] = {key: [] for key in shared}
    for member, keys in zip(members, all_keys, strict=True):
        if not shared.isdisjoint(keys):
            for key in keys:
                if key in shared:
                    by_key[key].append(member)
    return by_key


# --- what else is affected ---------------------------------------------------------------------


@dataclass(slots=True)
class _Neighbourhood:
    manifestation_ids: set[int] = field(default_factory=set)
    source_ids: set[int] = field(default_factory=set)
    ties: list[tuple[int, ...]] = field(default_factory=list)
    decided: Decided = field(default_factory=dict)


@dataclass(slots=True)
class _Decisions:
    pairs: Decided = field(default_factory=dict)
    manifestation_ids: set[int] = field(default_factory=set)  # of both sides of a join


_DECIDED = """
    SELECT d.left_id, d.right_id, d.kind, l.manifestation_id, r.manifestation_id
    FROM catalog_matchdecision d
    JOIN catalog_sourcerecord l ON l.id = d.left_id
    JOIN catalog_sourcerecord r ON r.id = d.right_id
    WHERE d.undone_at IS NULL AND {side} {{values}}
"""


def _decisions_about(source_ids: Collection[int]) -> _Decisions:
    """What people decided about these records. Two queries, none for no records."""
    found = _Decisions()
    for side in ("d.left_id", "d.right_id"):
        rows = select_where_in(_DECIDED.format(side=side), list(source_ids))
        for left, right, kind, one, other in rows:
            is_same = kind == "same"
            found.pairs[frozenset((left, right))] = is_same
            if is_same:
                found.manifestation_ids |= {pk for pk in (one, other) if pk is not None}
    return found


_LIVING = """
    SELECT id, manifestation_id FROM catalog_sourcerecord
    WHERE deleted_at IS NULL AND manifestation_id {values}
"""
# Two plain look-ups instead of one join: without fresh statistics PostgreSQL once chose a plan for
# the join that took minutes.
_EDGES = """
    SELECT source_record_id, matched_with_id FROM catalog_matchevidence WHERE {side} {{values}}
"""
_PLACES = "SELECT id, manifestation_id FROM catalog_sourcerecord WHERE id {values}"


def _overruled(source_ids: list[int]) -> list[tuple[int, int, int, int]]:
    """Matches of these records with records of other manifestations. Three queries.

    Rows are (record, matched with, manifestation of the one, of the other).
    """
    edges: list[tuple[int, int]] = []
    for side in ("source_record_id", "matched_with_id"):
        edges += [
            (left, right) for left, right in select_where_in(_EDGES.format(side=side), source_ids)
        ]
    ends = sorted({end for edge in edges for end in edge})
    places: dict[int, int | None] = dict(select_where_in(_PLACES, ends))
    found = []
    for left, right in edges:
        one, other = places.get(left), places.get(right)
        if one is not None and other is not None and one != other:
            found.append((left, right, one, other))
    return found


def _neighbourhood(manifestation_ids: set[int]) -> _Neighbourhood:
    """These manifestations and all tied to them by overruled matches, with their records."""
    found = _Neighbourhood()
    waiting = manifestation_ids
    while waiting:
        found.manifestation_ids |= waiting
        groups: dict[int, list[int]] = defaultdict(list)
        for source_id, manifestation_id in select_where_in(_LIVING, sorted(waiting)):
            groups[manifestation_id].append(source_id)
        ids = [source_id for group_ids in groups.values() for source_id in group_ids]
        found.source_ids |= set(ids)
        found.ties += [tuple(group_ids) for group_ids in groups.values()]
        reached: set[int] = set()
        for left, right, one, other in _overruled(ids):
            found.ties.append((left, right))
            reached |= {one, other}
        decisions = _decisions_about(ids)
        found.decided |= decisions.pairs
        reached |= decisions.manifestation_ids
        waiting = {pk for pk in reached if pk is not None} - found.manifestation_ids
    return found


def _components(
    members: Mapping[int, Member], ties: Iterable[tuple[int, ...]]
) -> list[list[Member]]:
    """Connected groups, by source id; ties to records that are no more do not connect."""
    root = {pk: pk for pk in members}

    def top(pk: int) -> int:
        while root[pk] != pk:
            root[pk] = root[root[pk]]
            pk = root[pk]
        return pk

    for tie in ties:
        ids = [pk for pk in tie if pk in root]
        for other in ids[1:]:
            one, two = sorted((top(ids[0]), top(other)))
            root[two] = one
    groups: dict[int, list[Member]] = defaultdict(list)
    for pk in sorted(members):
        groups[top(pk)].append(members[pk])
    return list(groups.values())


def _cluster_component(component: list[Member], decided: Decided, found: Grouping) -> None:
    if len(component) == 1:
        found.clusters.append(Cluster(members=component))
        return
    by_id = {member.source_id: member for member in component}
    found.regrouped |= by_id.keys()
    clustering = cluster(
        {pk: member.profile for pk, member in by_id.items()},
        order=lambda pk: by_id[pk].lasting_name,
        decided=decided,
    )
    found.edges += clustering.edges
    found.clusters += [
        Cluster(members=[by_id[pk] for pk in sorted(ids)]) for ids in clustering.clusters
    ]
