"""Clusters become manifestations and works: ids kept, absorbed or ended, union records computed.

Rule MA-13: the oldest public id survives, what it absorbs redirects to it, and an id without any
living record left is a tombstone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from catalog.actions.ingesting.families import place_families
from catalog.actions.ingesting.grouping import Cluster, Grouping
from catalog.domain.marc.prepare import plain_of
from catalog.domain.merging import SINGLE, merge
from catalog.models import Manifestation, Work
from catalog.models.bulk import (
    as_datetime,
    as_json,
    execute_where_in,
    insert_rows,
    reserve_ids,
    select_where_in,
    update_rows,
)


@dataclass(slots=True, kw_only=True)
class Edition:
    """One manifestation as it is after this step."""

    manifestation_id: int = 0  # 0 until reserved
    is_new: bool = True
    cluster: Cluster
    neutral: str
    provenance: str
    grouping_key: str
    ties: tuple[str, ...]  # further keys it may meet others of its work by
    title: str
    author: str
    publisher: str
    year: int | None
    work_id: int = 0


@dataclass(slots=True)
class Outcome:
    """What the feed must tell, and where each source record now belongs."""

    changed_works: set[int] = field(default_factory=set)
    ended_works: set[int] = field(default_factory=set)
    manifestation_of: dict[int, int] = field(default_factory=dict)  # source id -> id


def _plain(text: str) -> str:
    """PostgreSQL's text cannot hold NUL."""
    return text.replace("\x00", "")


def save_editions(grouping: Grouping, *, now: datetime) -> Outcome:
    """Write manifestations and works of the clusters; sources are not touched here."""
    editions = [_edition(cluster) for cluster in grouping.clusters]
    rows = select_where_in(
        "SELECT id, work_id, anchor_id FROM catalog_manifestation WHERE id {values}",
        sorted(grouping.affected),
    )
    before = {pk: work_id for pk, work_id, _ in rows}
    anchors = {pk: anchor_id for pk, _, anchor_id in rows}
    absorbed, ended = _give_ids(editions, grouping.affected, anchors=anchors)
    placed = place_families(editions, before=before, now=now)
    others = [one for one in editions if one.manifestation_id not in placed.work_of]
    works = _place_in_works(others, before=before, now=now)
    _write_editions(editions, now=now)
    _write_ended(absorbed, ended, now=now)
    outcome = Outcome(changed_works={placed.work_of[pk] for pk in placed.moved})
    for edition in editions:
        outcome.changed_works.add(edition.work_id)
        for member in edition.cluster.members:
            outcome.manifestation_of[member.source_id] = edition.manifestation_id
    now_in = placed.work_of | {one.manifestation_id: one.work_id for one in editions}
    new = {*placed.created, *(pk for pk, _ in works.created)}
    _settle_works(outcome, now_in, placed.moved | before, absorbed, new=new, now=now)
    return outcome


def _edition(cluster: Cluster) -> Edition:
    members = cluster.members
    if len(members) == 1:
        plain, origin = members[0].prepared.plain, {SINGLE: members[0].source_id}
    else:
        record, origin = merge([(member.source_id, member.record) for member in members])
        plain = plain_of(record)
    year = plain.year
    return Edition(
        cluster=cluster,
        neutral=plain.neutral,
        provenance=as_json(origin),
        grouping_key=plain.work_key,
        ties=plain.work_ties,
        title=_plain(plain.title)[:400],
        author=_plain(plain.author)[:200],
        publisher=_plain(plain.publisher)[:200],
        year=year if year is not None and abs(year) < 10_000 else None,
    )


def _give_ids(
    editions: list[Edition], affected: Collection[int], *, anchors: Mapping[int, int | None]
) -> tuple[dict[int, int], set[int]]:
    """Every edition's id; returns ({absorbed: survivor}, ids that end).

    A former id goes where its anchor is now, else where its oldest record is; of several the oldest
    survives. An edition left without one takes back the id that was absorbed with its records.
    """
    heir = _heirs(editions, anchors)
    claims: dict[int, list[int]] = defaultdict(list)
    for former, edition in heir.items():
        claims[id(edition)].append(former)
    absorbed: dict[int, int] = {}
    for edition in editions:
        if former_ids := sorted(claims.get(id(edition), ())):
            edition.manifestation_id, edition.is_new = former_ids[0], False
            absorbed |= dict.fromkeys(former_ids[1:], former_ids[0])
    _revive([edition for edition in editions if edition.is_new])
    new = [edition for edition in editions if edition.is_new]
    for edition, pk in zip(new, reserve_ids(Manifestation, len(new)), strict=True):
        edition.manifestation_id = pk
    return absorbed, set(affected) - heir.keys()


def _heirs(editions: list[Edition], anchors: Mapping[int, int | None]) -> dict[int, Edition]:
    """Of each former id: the edition that inherits it."""
    heir: dict[int, Edition] = {}
    first: dict[int, int] = {}
    for edition in editions:
        for member in edition.cluster.members:
            former = member.manifestation_id
            if former is None:
                continue
            # The anchor goes before any id there is.
            rank = 0 if anchors.get(former) == member.source_id else member.source_id
            if rank < first.get(former, rank + 1):
                first[former] = rank
                heir[former] = edition
    return heir


def _revive(homeless: list[Edition]) -> None:
    """Absorbed ids that come back to the records they were made for. A query if any was split."""
    anchored = {
        member.source_id: edition
        for edition in homeless
        for member in edition.cluster.members
        if member.manifestation_id is not None
    }
    rows = select_where_in(
        "SELECT id, anchor_id FROM catalog_manifestation"
        " WHERE absorbed_by_id IS NOT NULL AND anchor_id {values} ORDER BY id",
        sorted(anchored),
    )
    for pk, anchor_id in sorted(rows):
        edition = anchored[anchor_id]
        if edition.is_new:
            edition.manifestation_id, edition.is_new = pk, False


# --- works -------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Works:
    by_key: dict[str, int]  # the oldest living work with this grouping key
    key_of: dict[int, str]
    living: dict[int, int]  # how many manifestations each has, before this step
    created: list[tuple[int, Edition]] = field(default_factory=list)
    renamed: list[tuple[str, int]] = field(default_factory=list)


def _place_in_works(
    editions: list[Edition],
    *,
    before: Mapping[int, int],
    now: datetime,
) -> _Works:
    keys = sorted({edition.grouping_key for edition in editions})
    found = select_where_in(
        "SELECT grouping_key, absorbed_by_id IS NULL, MIN(id) FROM catalog_work"
        " WHERE grouping_key {values} GROUP BY 1, 2",
        keys,
    )
    by_key = {key: pk for key, is_living, pk in found if is_living}
    # A work absorbed when its edition was joined comes back when that edition is parted.
    revived = {key: pk for key, is_living, pk in found if not is_living and key not in by_key}
    update_rows(Work, ["absorbed_by_id"], [(None, pk) for pk in sorted(revived.values())])
    current = sorted(set(before.values()))
    works = _Works(
        by_key=by_key | revived,
        key_of=dict(
            select_where_in(
                "SELECT id, grouping_key FROM catalog_work"
                " WHERE absorbed_by_id IS NULL AND id {values}",
                current,
            )
        ),
        living=_living(current),
    )
    homeless = [edition for edition in editions if not _find_work(edition, before, works)]
    _create_works(homeless, works, now=now)
    update_rows(Work, ["grouping_key"], works.renamed)
    return works


def _find_work(edition: Edition, before: Mapping[int, int], works: _Works) -> bool:
    """The work with this key; else the edition's own, renamed, if no other edition is in it."""
    target = works.by_key.get(edition.grouping_key)
    own = before.get(edition.manifestation_id, 0)
    if target is None and own in works.key_of and works.living.get(own, 0) <= 1:
        former = works.key_of[own]
        if works.by_key.get(former) == own:
            del works.by_key[former]
        works.key_of[own] = edition.grouping_key
        works.by_key[edition.grouping_key] = target = own
        works.renamed.append((edition.grouping_key, own))
    edition.work_id = target or 0
    return target is not None


def _create_works(editions: list[Edition], works: _Works, *, now: datetime) -> None:
    firsts: dict[str, Edition] = {}
    for edition in editions:
        firsts.setdefault(edition.grouping_key, edition)
    ids = reserve_ids(Work, len(firsts))
    works.created = list(zip(ids, firsts.values(), strict=True))
    stamp = as_datetime(now)
    insert_rows(
        Work,
        ["id", "title", "author", "grouping_key", "absorbed_by_id", "updated_at"],
        [(pk, e.title, e.author, e.grouping_key, None, stamp) for pk, e in works.created],
    )
    works.by_key |= {e.grouping_key: pk for pk, e in works.created}
    for edition in editions:
        edition.work_id = works.by_key[edition.grouping_key]


def _living(work_ids: Iterable[int]) -> dict[int, int]:
    rows = select_where_in(
        "SELECT work_id, COUNT(*) FROM catalog_manifestation"
        " WHERE deleted_at IS NULL AND absorbed_by_id IS NULL AND work_id {values}"
        " GROUP BY work_id",
        sorted(work_ids),
    )
    return dict(rows)


def _settle_works(
    outcome: Outcome,
    now_in: Mapping[int, int],
    before: Mapping[int, int],
    absorbed: Mapping[int, int],
    *,
    new: Collection[int],
    now: datetime,
) -> None:
    """Former works that lost their last edition end or redirect; the others are named anew."""
    moved_to: dict[int, int] = {}
    for manifestation_id, former in sorted(before.items()):
        survivor = absorbed.get(manifestation_id, manifestation_id)
        if now_in.get(survivor, former) != former:
            moved_to.setdefault(former, now_in[survivor])
    living = _living(set(before.values()))
    empty = {pk for pk in before.values() if not living.get(pk)}
    outcome.ended_works = empty
    outcome.changed_works |= set(before.values()) - empty
    update_rows(
        Work,
        ["absorbed_by_id", "updated_at"],
        [(moved_to[pk], as_datetime(now), pk) for pk in sorted(empty & moved_to.keys())],
    )
    _name_works(outcome.changed_works - {*new}, now=now)


def _name_works(work_ids: Collection[int], *, now: datetime) -> None:
    """A work is called what its oldest living edition is called."""
    rows = select_where_in(
        "SELECT work_id, id, title, author FROM catalog_manifestation"
        " WHERE deleted_at IS NULL AND absorbed_by_id IS NULL AND work_id {values}",
        sorted(work_ids),
    )
    oldest: dict[int, tuple[int, str, str]] = {}
    for work_id, pk, title, author in rows:
        oldest[work_id] = min(oldest.get(work_id, (pk, title, author)), (pk, title, author))
    stamp = as_datetime(now)
    update_rows(
        Work,
        ["title", "author", "updated_at"],
        [(title, author, stamp, work_id) for work_id, (_, title, author) in oldest.items()],
    )


# --- writing -----------------------------------------------------------------------------------

_COLUMNS = ["work_id", "record", "provenance", "title", "author", "publisher", "year"]
_COLUMNS += ["source_count", "absorbed_by_id", "deleted_at", "updated_at"]


def _row(edition: Edition, stamp: object) -> tuple[object, ...]:
    return (
        edition.work_id,
        edition.neutral,
        edition.provenance,
        edition.title,
        edition.author,
        edition.publisher,
        edition.year,
        len(edition.cluster.members),
        None,
        None,
        stamp,
    )


def _write_editions(editions: list[Edition], *, now: datetime) -> None:
    stamp = as_datetime(now)
    insert_rows(
        Manifestation,
        ["id", "anchor_id", *_COLUMNS],
        [
            (e.manifestation_id, e.cluster.members[0].source_id, *_row(e, stamp))
            for e in editions
            if e.is_new
        ],
    )
    update_rows(
        Manifestation,
        _COLUMNS,
        [(*_row(e, stamp), e.manifestation_id) for e in editions if not e.is_new],
    )


def _write_ended(absorbed: Mapping[int, int], ended: set[int], *, now: datetime) -> None:
    stamp = as_datetime(now)
    update_rows(
        Manifestation,
        ["absorbed_by_id", "source_count", "updated_at"],
        [(survivor, 0, stamp, pk) for pk, survivor in sorted(absorbed.items())],
    )
    update_rows(
        Manifestation,
        ["deleted_at", "source_count", "updated_at"],
        [(stamp, 0, stamp, pk) for pk in sorted(ended)],
    )
    # Records their members withdrew follow, so that they come back to the right place.
    for pk, survivor in sorted(absorbed.items()):
        execute_where_in(
            "UPDATE catalog_sourcerecord SET manifestation_id = %s"
            " WHERE deleted_at IS NOT NULL AND manifestation_id {values}",
            [pk],
            survivor,
        )


def works_of(source_ids: Collection[int]) -> set[int]:
    """The works these member records belong to. One query."""
    rows = select_where_in(
        "SELECT DISTINCT m.work_id FROM catalog_sourcerecord s"
        " JOIN catalog_manifestation m ON m.id = s.manifestation_id WHERE s.id {values}",
        sorted(source_ids),
    )
    return {row[0] for row in rows}
