"""A librarian's word on works: one work, two works, out of the work, taken back (MA-21).

For what no record says: a body that was renamed, two namesakes, an adaptation entered under the
author of the novel. Decisions are about member records, so they hold whatever is sent or matched
later; the works they touch are formed anew in the same transaction.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from catalog.actions._deciding import Act, decide, records_to_decide, settle, undo_act
from catalog.models import Manifestation, SourceRecord, WorkDecision, WorkDecisionKind
from library_net.accounts.scope import Scope
from library_net.db import LANE_MATCH, one_at_a_time


def join_works(
    *,
    left_id: int,
    right_id: int,
    scope: Scope,
    user_id: int | None,
    now: datetime,
    reason: str = "",
) -> WorkDecision:
    """Say that the editions of two member records are of one work, whatever they are called.

    Raises ``unknown_source_record``, ``same_source_record``, ``outside_your_agency``,
    ``match_decided_otherwise``, ``match_contradicts_decision``.
    """
    act = Act(user_id=user_id, now=now, reason=reason)
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        records = records_to_decide((left_id, right_id), scope)
        decision = decide(WorkDecision, records, kind=WorkDecisionKind.SAME, act=act)
        settle(WorkDecision, records, now=now)
    return decision


def part_works(
    *,
    left_id: int,
    right_id: int,
    scope: Scope,
    user_id: int | None,
    now: datetime,
    reason: str = "",
) -> WorkDecision:
    """Say that the editions of two member records are of two works. Raises as `join_works`."""
    act = Act(user_id=user_id, now=now, reason=reason)
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        records = records_to_decide((left_id, right_id), scope)
        decision = decide(WorkDecision, records, kind=WorkDecisionKind.DIFFERENT, act=act)
        settle(WorkDecision, records, now=now)
    return decision


def take_out_of_work(
    *, source_id: int, scope: Scope, user_id: int | None, now: datetime, reason: str = ""
) -> list[WorkDecision]:
    """Take the edition of a record out of its work: parted from every other edition, in one act.

    A decision that joined them is undone first. Returns the decisions, none if the edition is alone
    in its work. Raises ``unknown_source_record`` and ``outside_your_agency``.
    """
    act = Act(user_id=user_id, now=now, reason=reason)
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        (record,) = records_to_decide((source_id,), scope)
        decisions = []
        for other in _first_records_of_other_editions(record):
            _undo_joins(record, other, act)
            pair = sorted((record, other), key=lambda one: one.pk)
            decisions.append(decide(WorkDecision, pair, kind=WorkDecisionKind.DIFFERENT, act=act))
        settle(WorkDecision, [record], now=now)
    return decisions


def undo_work_decision(
    *, decision_id: int, scope: Scope, user_id: int | None, now: datetime
) -> list[WorkDecision]:
    """Take back a decision and all others of its act; what the records say holds again.

    Raises ``unknown_match_decision``, ``match_decision_already_undone``, ``outside_your_agency``.
    """
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        act = Act(user_id=user_id, now=now)
        standing, records = undo_act(WorkDecision, decision_id, scope=scope, act=act)
        settle(WorkDecision, records, now=now)
    return standing


def _first_records_of_other_editions(record: SourceRecord) -> list[SourceRecord]:
    others = Manifestation.objects.filter(
        work__manifestations__sources=record, absorbed_by=None, deleted_at=None
    ).exclude(sources=record)
    living = SourceRecord.objects.filter(manifestation__in=others, deleted_at=None)
    firsts: dict[int | None, SourceRecord] = {}
    for one in living.order_by("pk"):
        firsts.setdefault(one.manifestation_id, one)
    return list(firsts.values())


def _undo_joins(record: SourceRecord, other: SourceRecord, act: Act) -> None:
    mine, theirs = record.manifestation_id, other.manifestation_id
    WorkDecision.objects.filter(
        Q(left__manifestation=mine, right__manifestation=theirs)
        | Q(left__manifestation=theirs, right__manifestation=mine),
        kind=WorkDecisionKind.SAME,
        undone_at=None,
    ).update(undone_at=act.now, undone_by_id=act.user_id)
