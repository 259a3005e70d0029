"""A librarian's word on duplicates: one edition, two editions, out of the cluster, taken back.

Decisions are about member records, so they hold whatever is sent or matched later; the clusters
they touch are computed anew in the same transaction. Copies, loans and requests hang on member
records too, and go where these go (MA-16).
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from catalog.actions._deciding import Act, decide, records_to_decide, settle, undo_act
from catalog.models import DecisionKind, MatchDecision, SourceRecord
from library_net.accounts.scope import Scope
from library_net.db import LANE_MATCH, one_at_a_time


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
        settle(MatchDecision, records, now=now)
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
        settle(MatchDecision, records, now=now)
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
        settle(MatchDecision, [record], now=now)
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
        settle(MatchDecision, records, now=now)
    return standing
