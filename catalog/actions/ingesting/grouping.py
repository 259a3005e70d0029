"""Which member records belong together after a step: the affected groups, clustered anew.

A step touches the groups its records match into, the groups they came from, and every group tied
to those by a match that was overruled. Each such group is clustered from its records alone, so the
outcome is what a first run over the same records would give (MA-11).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from catalog.actions.ingesting.portion import Incoming, Known
from catalog.domain.clustering import Edge, cluster
from catalog.domain.matching import MatchProfile, Verdict, compare, profile_of
from catalog.domain.records import BibRecord
from catalog.models.bulk import select_where_in

MAX_CANDIDATES = 200  # of one key; a block larger than that tells nothing


@dataclass(slots=True, kw_only=True)
class Member:
    """One living source record of an affected group."""

    source_id: int
    agency_code: str
    source_key: str
    record: BibRecord
    profile: MatchProfile
    manifestation_id: int | None  # before this step; None for a new record

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
    # Manifestations whose members were all looked at: only these may change hands or end.
    affected: set[int] = field(default_factory=set)
    # Members of groups of more than one: their evidence is written anew.
    regrouped: set[int] = field(default_factory=set)


def group(incoming: list[Incoming], *, agency_code: str, gone: Collection[Known]) -> Grouping:
    """Cluster everything this step affects. Four queries, and two for each round of neighbours."""
    replaced = {one.known.source_id for one in incoming if one.known}
    replaced |= {known.source_id for known in gone}
    fresh = {one.source_id: _fresh_member(one, agency_code) for one in incoming}
    stored = _candidates(incoming, without=replaced)
    pairs = _same_pairs(incoming, fresh, stored)
    touched = {stored[other].manifestation_id for pair in pairs for other in pair & stored.keys()}
    touched |= {one.known.manifestation_id for one in incoming if one.known}
    touched |= {known.manifestation_id for known in gone}
    neighbourhood = _neighbourhood({pk for pk in touched if pk is not None})
    members = fresh | _load(neighbourhood.source_ids - replaced, known=stored)
    found = Grouping(affected=neighbourhood.manifestation_ids)
    ties = [*map(tuple, pairs), *neighbourhood.ties]
    for component in _components(members, ties):
        _cluster_component(component, found)
    return found


def _fresh_member(one: Incoming, agency_code: str) -> Member:
    return Member(
        source_id=one.source_id,
        agency_code=agency_code,
        source_key=one.source_key,
        record=one.parsed.record,
        profile=one.profile,
        manifestation_id=one.known.manifestation_id if one.known else None,
    )


def _candidates(incoming: list[Incoming], *, without: set[int]) -> dict[int, Member]:
    """Living records sharing a key with any of this step's. Two queries for the whole step."""
    keys = sorted({key for one in incoming for key in one.profile.keys})
    rows = select_where_in(
        "SELECT key, source_record_id FROM catalog_matchkey WHERE key {values}", keys
    )
    by_key: dict[str, list[int]] = defaultdict(list)
    for key, source_id in rows:
        if source_id not in without:
            by_key[key].append(source_id)
    ids = {pk for found in by_key.values() for pk in sorted(found)[:MAX_CANDIDATES]}
    return _load(ids, known={})


_MEMBER_ROWS = """
    SELECT s.id, a.code, s.source_key, s.neutral, s.manifestation_id
    FROM catalog_sourcerecord s JOIN network_agency a ON a.id = s.agency_id
    WHERE s.deleted_at IS NULL AND s.id {values}
"""


def _load(source_ids: Collection[int], *, known: Mapping[int, Member]) -> dict[int, Member]:
    found = {pk: known[pk] for pk in source_ids if pk in known}
    rows = select_where_in(_MEMBER_ROWS, [pk for pk in source_ids if pk not in known])
    for source_id, code, key, neutral, manifestation_id in rows:
        data = orjson.loads(neutral) if isinstance(neutral, str | bytes) else neutral
        record = BibRecord.from_json(data)
        found[source_id] = Member(
            source_id=source_id,
            agency_code=code,
            source_key=key,
            record=record,
            profile=profile_of(record),
            manifestation_id=manifestation_id,
        )
    return found


def _same_pairs(
    incoming: list[Incoming], fresh: Mapping[int, Member], stored: Mapping[int, Member]
) -> set[frozenset[int]]:
    """Pairs held for one manifestation in which at least one record is of this step."""
    by_key: dict[str, list[Member]] = defaultdict(list)
    for member in (*fresh.values(), *stored.values()):
        for key in member.profile.keys:
            by_key[key].append(member)
    same: set[frozenset[int]] = set()
    compared: set[frozenset[int]] = set()
    for one in incoming:
        left = fresh[one.source_id]
        for key in left.profile.keys:
            block = by_key[key]
            if len(block) == 1:
                continue
            for right in block:
                pair = frozenset((left.source_id, right.source_id))
                if len(pair) == 1 or pair in compared:
                    continue
                compared.add(pair)
                if compare(left.profile, right.profile).verdict == Verdict.SAME:
                    same.add(pair)
    return same


# --- what else is affected ---------------------------------------------------------------------


@dataclass(slots=True)
class _Neighbourhood:
    manifestation_ids: set[int] = field(default_factory=set)
    source_ids: set[int] = field(default_factory=set)
    ties: list[tuple[int, ...]] = field(default_factory=list)


_LIVING = """
    SELECT id, manifestation_id FROM catalog_sourcerecord
    WHERE deleted_at IS NULL AND manifestation_id {values}
"""
_OVERRULED = """
    SELECT e.source_record_id, e.matched_with_id, l.manifestation_id, r.manifestation_id
    FROM catalog_matchevidence e
    JOIN catalog_sourcerecord l ON l.id = e.source_record_id
    JOIN catalog_sourcerecord r ON r.id = e.matched_with_id
    WHERE {side} {{values}} AND l.manifestation_id <> r.manifestation_id
"""


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
        for side in ("e.source_record_id", "e.matched_with_id"):
            for left, right, one, other in select_where_in(_OVERRULED.format(side=side), ids):
                found.ties.append((left, right))
                reached |= {one, other}
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


def _cluster_component(component: list[Member], found: Grouping) -> None:
    if len(component) == 1:
        found.clusters.append(Cluster(members=component))
        return
    by_id = {member.source_id: member for member in component}
    found.regrouped |= by_id.keys()
    clustering = cluster(
        {pk: member.profile for pk, member in by_id.items()},
        order=lambda pk: by_id[pk].lasting_name,
    )
    found.edges += clustering.edges
    found.clusters += [
        Cluster(members=[by_id[pk] for pk in sorted(ids)]) for ids in clustering.clusters
    ]
