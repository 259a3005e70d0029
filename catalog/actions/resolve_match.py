"""A librarian's word on duplicates: one edition, two editions, out of the cluster, taken back.

Decisions are about member records, so they hold whatever is sent or matched later; the clusters
they touch are computed anew in the same transaction. Copies, loans and requests hang on member
records too, and go where these go (MA-16).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from catalog.actions._deciding import Act, decide, records_to_decide, undo_act
from catalog.actions.ingesting.sources import regroup
from catalog.models import ChangeKind, DecisionKind, MatchDecision, SourceRecord
from catalog.models.feed import note_changes
from library_net.accounts.scope import Scope
from library_net.db import LANE_MATCH, one_at_a_time
from library_net.errors import LibraryError
from library_net.queue import after_commit


def join_records(
    *,
    left_id: int,
    right_id: int,
    scope: Scope,
    user_id: int | None,
    now: datetime,
    reason: str = "",
) -> MatchDecision:
    """Say that two member records describe one edition, whatever the matcher thinks.

    Raises ``unknown_source_record``, ``same_source_record``, ``outside_your_agency``,
    ``match_decided_otherwise``, ``match_contradicts_decision``.
    """
    act = Act(user_id=user_id, now=now, reason=reason)
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        records = records_to_decide((left_id, right_id), scope)
        decision = decide(MatchDecision, records, kind=DecisionKind.SAME, act=act)
        _settle(records, now=now)
    return decision


def keep_apart(
    *,
    left_id: int,
    right_id: int,
    scope: Scope,
    user_id: int | None,
    now: datetime,
    reason: str = "",
) -> MatchDecision:
    """Say that two member records describe two editions; joined ones are parted.

    Raises what `join_records` raises.
    """
    act = Act(user_id=user_id, now=now, reason=reason)
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        records = records_to_decide((left_id, right_id), scope)
        decision = decide(MatchDecision, records, kind=DecisionKind.DIFFERENT, act=act)
        _settle(records, now=now)
    return decision


def take_out(
    *, source_id: int, scope: Scope, user_id: int | None, now: datetime, reason: str = ""
) -> list[MatchDecision]:
    """Take one record out of its cluster: hold it apart from every other member, in one act.

    A decision that joined it to a member is undone first. Returns the decisions, none if the record
    stands alone. Raises ``unknown_source_record`` and ``outside_your_agency``.
    """
    act = Act(user_id=user_id, now=now, reason=reason)
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        (record,) = records_to_decide((source_id,), scope)
        cluster = SourceRecord.objects.filter(deleted_at=None)
        others = cluster.filter(manifestation__sources=record).exclude(pk=source_id)
        decisions = []
        for other in others.order_by("pk"):
            pair = sorted((record, other), key=lambda one: one.pk)
            standing = MatchDecision.objects.filter(
                left=pair[0], right=pair[1], kind=DecisionKind.SAME, undone_at=None
            )
            standing.update(undone_at=now, undone_by_id=user_id)
            decisions.append(decide(MatchDecision, pair, kind=DecisionKind.DIFFERENT, act=act))
        _settle([record], now=now)
    return decisions


def undo_decision(
    *, decision_id: int, scope: Scope, user_id: int | None, now: datetime
) -> list[MatchDecision]:
    """Take back a decision and all others of its act; the matcher's own verdict holds again.

    Raises ``unknown_match_decision``, ``match_decision_already_undone``, ``outside_your_agency``.
    """
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        act = Act(user_id=user_id, now=now)
        standing, records = undo_act(MatchDecision, decision_id, scope=scope, act=act)
        _settle(records, now=now)
    return standing


def _settle(records: Iterable[SourceRecord], *, now: datetime) -> None:
    """Cluster anew what the records are part of, and tell the feed."""
    touched = {record.manifestation_id for record in records if record.manifestation_id}
    members = list(
        SourceRecord.objects.filter(manifestation_id__in=touched).values_list("pk", flat=True)
    )
    saved = regroup({}, touched=touched, now=now)
    _require_consistent(members)
    note_changes(work_ids=saved.changed_works - saved.ended_works, kind=ChangeKind.RECORD, now=now)
    note_changes(work_ids=saved.ended_works, kind=ChangeKind.DELETED, now=now)
    after_commit("catalog.number_changes")


def _require_consistent(source_ids: Collection[int]) -> None:
    """Every join that stands must hold: A is B and B is C leave no room for A is not C.

    Raises ``match_contradicts_decision``, which takes the whole act back. A withdrawn record is in
    no cluster, and waits.
    """
    broken = MatchDecision.objects.filter(
        Q(left__in=source_ids) | Q(right__in=source_ids),
        ~Q(left__manifestation=F("right__manifestation")),
        kind=DecisionKind.SAME,
        undone_at=None,
        left__deleted_at=None,
        right__deleted_at=None,
    ).first()
    if broken is not None:
        raise LibraryError("match_contradicts_decision", decision=broken.pk)
