"""What librarians' decisions about editions and about works have in common: who, about what, once.

A decision is about two member records and stands until it is undone; a pair has one standing
decision of a kind at most.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db.models import F

from catalog.actions.ingesting.sources import regroup
from catalog.models import MatchDecision, SourceRecord, WorkDecision
from catalog.models.feed import append_changes
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError

Decision = TypeVar("Decision", MatchDecision, WorkDecision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One press of a button: who decides, when and why."""

    user_id: int | None
    now: datetime
    reason: str = ""
    id: uuid.UUID = field(default_factory=uuid.uuid4)


def records_to_decide(source_ids: Collection[int], scope: Scope) -> list[SourceRecord]:
    """In the order of their ids; staff decide where a record of their institution is involved.

    Raises ``same_source_record``, ``unknown_source_record``, ``outside_your_agency``.
    """
    if len(set(source_ids)) != len(source_ids):
        raise LibraryError("same_source_record")
    found = list(SourceRecord.objects.filter(pk__in=source_ids).order_by("pk"))
    if len(found) != len(source_ids):
        raise LibraryError("unknown_source_record")
    if not any(scope.covers(record.agency_id) for record in found):
        raise LibraryError("outside_your_agency")
    return found


def decide(model: type[Decision], pair: Iterable[SourceRecord], *, kind: str, act: Act) -> Decision:
    """The standing decision, made now or before. Raises ``match_decided_otherwise``."""
    left, right = pair
    standing = model.objects.filter(left=left, right=right, undone_at=None).first()
    if standing is None:
        return model.objects.create(
            left=left,
            right=right,
            kind=kind,
            reason=act.reason.strip()[:400],
            act=act.id,
            decided_by_id=act.user_id,
            decided_at=act.now,
        )
    if standing.kind != kind:
        raise LibraryError("match_decided_otherwise", decision=standing.pk)
    return standing


def settle(model: type[Decision], records: Iterable[SourceRecord], *, now: datetime) -> None:
    """Form anew the clusters and works the records are part of, and tell the feed.

    Raises ``match_contradicts_decision``, which takes the whole act back.
    """
    touched = {record.manifestation_id for record in records if record.manifestation_id}
    saved = regroup({}, touched=touched, now=now)
    _require_consistent(model)
    append_changes(changed=saved.changed_works, ended=saved.ended_works, now=now)


def _require_consistent(model: type[Decision]) -> None:
    """Every join that stands must hold: A is B and B is C leave no room for A is not C.

    A withdrawn record is in no cluster, and waits. Of a work any edition may be touched, so all
    joins are looked at.
    """
    place = "manifestation" if model is MatchDecision else "manifestation__work"
    joined = model.objects.filter(
        kind="same", undone_at=None, left__deleted_at=None, right__deleted_at=None
    )
    broken = joined.exclude(**{f"left__{place}": F(f"right__{place}")}).first()
    if broken is not None:
        raise LibraryError("match_contradicts_decision", decision=broken.pk)


def undo_act(
    model: type[Decision], decision_id: int, *, scope: Scope, act: Act
) -> tuple[list[Decision], list[SourceRecord]]:
    """Take back a decision and all others of its act; these, and the records they are about.

    Raises ``unknown_match_decision``, ``match_decision_already_undone``, ``outside_your_agency``.
    """
    decision = model.objects.filter(pk=decision_id).first()
    if decision is None:
        raise LibraryError("unknown_match_decision", decision=decision_id)
    standing = list(model.objects.filter(act=decision.act, undone_at=None))
    if not standing:
        raise LibraryError("match_decision_already_undone", decision=decision_id)
    records_to_decide((decision.left_id, decision.right_id), scope)
    for one in standing:
        one.undone_at, one.undone_by_id = act.now, act.user_id
        one.save(update_fields=["undone_at", "undone_by"])
    ids = {pk for one in standing for pk in (one.left_id, one.right_id)}
    return standing, list(SourceRecord.objects.filter(pk__in=ids))
