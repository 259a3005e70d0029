"""Member records written in bulk: rows, keys, evidence, and the editions they form."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from catalog.actions.ingesting.editions import Outcome, save_editions
from catalog.actions.ingesting.grouping import Grouping, Member, group, group_members
from catalog.actions.ingesting.portion import Incoming, Known, Tombstone
from catalog.domain.clustering import Edge
from catalog.domain.digests import block_of
from catalog.domain.matching import MATCHER_VERSION
from catalog.models import Batch, MatchEvidence, MatchKey, MatchQuestion, SourceRecord
from catalog.models.bulk import (
    as_datetime,
    as_json,
    execute_where_in,
    insert_rows,
    reserve_ids,
    select_where_in,
    update_rows,
)
from library_net.network.models import Agency


@dataclass(slots=True)
class SourcesSaved:
    joined: int = 0  # records that met another member's record and had not before
    changed_works: set[int] = field(default_factory=set)
    ended_works: set[int] = field(default_factory=set)


def save_sources(
    incoming: list[Incoming], *, gone: Collection[Known], batch: Batch, now: datetime
) -> SourcesSaved:
    """Write new and changed records and withdraw those gone, in the caller's transaction."""
    if not incoming and not gone:
        return SourcesSaved()
    gone = _as_of_now(incoming, gone)
    new = [one for one in incoming if one.known is None]
    for one, pk in zip(new, reserve_ids(SourceRecord, len(new)), strict=True):
        one.source_id = pk
    for one in incoming:
        one.source_id = one.source_id or (one.known.source_id if one.known else 0)
    grouping = group(incoming, agency_code=batch.agency.code, gone=gone)
    outcome = save_editions(grouping, now=now)
    _write_records(incoming, outcome, batch=batch, now=now)
    _write_gone(gone, now=now)
    move_others(grouping, outcome, fresh={one.source_id for one in incoming})
    _write_keys(incoming, gone)
    stale = {one.source_id for one in incoming if one.known}
    stale |= {known.source_id for known in gone}
    write_evidence(grouping, stale=stale, now=now)
    return SourcesSaved(
        joined=_count_joined(grouping, incoming, batch.agency),
        changed_works=outcome.changed_works,
        ended_works=outcome.ended_works,
    )


def _as_of_now(incoming: list[Incoming], gone: Collection[Known]) -> list[Known]:
    """Read again what another member's batch may have regrouped before we had the lane."""
    known = [*gone, *(one.known for one in incoming if one.known)]
    current = dict(
        select_where_in(
            "SELECT id, manifestation_id FROM catalog_sourcerecord WHERE id {values}",
            [one.source_id for one in known],
        )
    )
    for one in incoming:
        if one.known:
            one.known = one.known._replace(manifestation_id=current[one.known.source_id])
    return [one._replace(manifestation_id=current[one.source_id]) for one in gone]


def save_tombstones(tombstones: Collection[Tombstone], *, batch: Batch, now: datetime) -> None:
    """Deletions of records never seen: rows without content. One write."""
    stamp = as_datetime(now)
    columns = ["agency_id", "source_key", "block", "format", "encoding", "digest", "raw"]
    columns += ["neutral", "flags", "batch_id", "sequence", "matcher_version", "received_at"]
    rows = [
        (
            *(batch.agency_id, one.source_key, block_of(one.source_key)),
            *("", "", "", b"", "{}", "[]", batch.pk, one.sequence, 0, stamp, stamp),
        )
        for one in tombstones
    ]
    insert_rows(SourceRecord, [*columns, "deleted_at"], rows)


def confirm_unchanged(source_ids: Sequence[int], *, sequence: int) -> None:
    """Let unchanged records stand against what is older than this mention of them. One write."""
    execute_where_in(
        "UPDATE catalog_sourcerecord SET sequence = %s WHERE sequence < %s AND id {values}",
        source_ids,
        *(sequence, sequence),
    )


def raise_sequences(raised: Collection[tuple[int, int]]) -> None:
    """The same for single changes: (source id, sequence) each."""
    update_rows(SourceRecord, ["sequence"], [(sequence, pk) for pk, sequence in raised])


_CONTENT = ["format", "encoding", "digest", "raw", "neutral", "flags", "batch_id", "sequence"]
_CONTENT += ["manifestation_id", "matcher_version", "received_at", "deleted_at"]


def _write_records(
    incoming: list[Incoming], outcome: Outcome, *, batch: Batch, now: datetime
) -> None:
    stamp = as_datetime(now)
    inserts, updates = [], []
    for one in incoming:
        plain = one.prepared.plain
        content = (
            plain.format,
            plain.encoding[:16],
            one.digest,
            one.raw.data,
            plain.neutral,
            as_json(list(dict.fromkeys((*one.raw.flags, *plain.flags)))),
            batch.pk,
            one.sequence,
            outcome.manifestation_of[one.source_id],
            MATCHER_VERSION,
            stamp,
            None,
        )
        if one.known is None:
            key = one.source_key
            inserts.append((one.source_id, batch.agency_id, key, block_of(key), *content))
        else:
            updates.append((*content, one.source_id))
    insert_rows(SourceRecord, ["id", "agency_id", "source_key", "block", *_CONTENT], inserts)
    update_rows(SourceRecord, _CONTENT, updates)


def _write_gone(gone: Collection[Known], *, now: datetime) -> None:
    """A withdrawn record stays, with its last content and the edition it would come back to."""
    stamp = as_datetime(now)
    update_rows(
        SourceRecord,
        ["deleted_at", "sequence"],
        [(stamp, known.sequence, known.source_id) for known in gone],
    )


def move_others(grouping: Grouping, outcome: Outcome, *, fresh: Collection[int]) -> None:
    moved = [
        (outcome.manifestation_of[member.source_id], member.source_id)
        for cluster in grouping.clusters
        for member in cluster.members
        if member.source_id not in fresh
        and outcome.manifestation_of[member.source_id] != member.manifestation_id
    ]
    update_rows(SourceRecord, ["manifestation_id"], moved)


def regroup(
    fresh: Mapping[int, Member], *, touched: Collection[int | None], now: datetime
) -> SourcesSaved:
    """Cluster stored records anew, in the caller's transaction and lane; nothing is re-sent.

    ``fresh`` are compared with all they meet and asked about anew; of ``touched`` manifestations
    only the members are clustered again.
    """
    grouping = group_members(fresh, without=set(), touched=touched)
    outcome = save_editions(grouping, now=now)
    move_others(grouping, outcome, fresh=())
    write_evidence(grouping, stale=fresh.keys(), now=now)
    return SourcesSaved(changed_works=outcome.changed_works, ended_works=outcome.ended_works)


def _write_keys(incoming: list[Incoming], gone: Collection[Known]) -> None:
    stale = [one.source_id for one in incoming if one.known]
    stale += [known.source_id for known in gone]
    execute_where_in("DELETE FROM catalog_matchkey WHERE source_record_id {values}", stale)
    insert_rows(
        MatchKey,
        ["source_record_id", "key"],
        [(one.source_id, key) for one in incoming for key in one.prepared.keys],
    )


def write_evidence(grouping: Grouping, *, stale: Collection[int], now: datetime) -> None:
    """Everything known between the regrouped records, and nothing about what they were before.

    ``stale`` are records whose content changed or went: what was asked about them falls.
    """
    for model, one, other, ids in (
        ("matchevidence", "source_record_id", "matched_with_id", grouping.regrouped | {*stale}),
        ("matchquestion", "left_id", "right_id", {*stale}),
    ):
        for side in (one, other):
            execute_where_in(
                f"DELETE FROM catalog_{model} WHERE {side} {{values}}",  # noqa: S608 - our names
                sorted(ids),
            )
    columns = ["score", "fields", "matcher_version"]
    stamp = as_datetime(now)
    insert_rows(
        MatchEvidence,
        ["source_record_id", "matched_with_id", *columns, "decided_at"],
        [(*_evidence(edge), MATCHER_VERSION, stamp) for edge in grouping.edges],
    )
    insert_rows(
        MatchQuestion,
        ["right_id", "left_id", *columns, "asked_at"],
        [(*_evidence(edge), MATCHER_VERSION, stamp) for edge in grouping.questions],
    )


def _evidence(edge: Edge[int]) -> tuple[int, int, float, str]:
    """The younger row first: it is the one that joined."""
    older, younger = sorted((edge.left, edge.right))
    found = edge.comparison
    rows = [list(row) for row in found.evidence]
    if edge.left == older:
        rows = [[name, verdict, score, right, left] for name, verdict, score, left, right in rows]
    return younger, older, found.score, as_json(rows).replace("\\u0000", "")


def _count_joined(grouping: Grouping, incoming: list[Incoming], agency: Agency) -> int:
    fresh = {one.source_id: one for one in incoming}
    count = 0
    for cluster in grouping.clusters:
        others = [m for m in cluster.members if m.agency_code != agency.code]
        if not others:
            continue
        for member in cluster.members:
            if member.source_id in fresh:
                former = member.manifestation_id
                count += former is None or all(m.manifestation_id != former for m in others)
    return count
