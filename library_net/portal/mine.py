"""What is a reader's own: loans with days left, requests with where they are, cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from catalog.models import SourceRecord
from circulation.domain.outlook import Outlook
from circulation.domain.states import (
    REQUEST_TRANSITIONS,
    RequestEvent,
    RequestState,
    TransitState,
)
from circulation.models import HoldRequest, Loan, Patron, Transit
from circulation.models.patrons import CredentialStatus
from circulation.models.requests import OPEN_STATES
from circulation.readers.lists import open_loans, open_requests, positions
from circulation.readers.outlook import outlooks
from library_net.portal.cards import State, Tone
from library_net.portal.doors import new_operation

SOON_DAYS = 3
CLOSED_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the last thing the reader did with this loan."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanCard:
    id: int
    title: str
    url: str
    barcode: str
    owner: str
    checkout_branch: str
    due_at: datetime
    days_left: int
    tone: Tone
    operation: str
    note: str = ""  # recalled, or being looked for
    is_claimed: bool = False
    outcome: Outcome | None = None

    @property
    def days_over(self) -> int:
        return -self.days_left


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    name: str
    mark: str  # done | now | next
    at: date | None = None
    day: str = ""  # the same, short enough for a narrow column


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCard:
    id: int
    title: str
    url: str
    pickup_branch: str
    state: State
    note: str
    steps: tuple[Step, ...]
    outlook: str  # when it may be ready, in a sentence; empty: nothing to say
    can_cancel: bool
    can_pause: bool
    can_resume: bool
    can_move: bool
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialLine:
    id: int
    kind: str
    status: str
    is_active: bool


def loans_of(
    patron: Patron, *, now: datetime, outcomes: Mapping[int, Outcome] | None = None
) -> tuple[LoanCard, ...]:
    """Open loans, the most urgent first. Queries: 1."""
    told = outcomes or {}
    return tuple(
        _loan_card(row, now=now, outcome=told.get(row.pk))
        for row in open_loans(patron_id=patron.pk)
    )


def requests_of(patron: Patron, *, now: datetime) -> tuple[HoldCard, ...]:
    """Open requests, then the last closed ones. Queries: 4, and 6 to 8 when some wait."""
    waiting = list(open_requests(patron_id=patron.pk))
    closed = (
        HoldRequest.objects.filter(patron=patron)
        .exclude(state__in=OPEN_STATES)
        .select_related("anchor__manifestation", "pickup_branch")
        .order_by(F("closed_at").desc())[:CLOSED_SHOWN]
    )
    places = positions(waiting)
    ahead = outlooks(waiting, now=now)
    shown = [*waiting, *closed]
    sent = {
        transit.request_id: transit
        for transit in Transit.objects.filter(request_id__in=[row.pk for row in shown])
        .exclude(state=TransitState.CANCELLED)
        .select_related("origin")
        .order_by("pk")
    }
    return tuple(
        _hold_card(
            row,
            transit=sent.get(row.pk),
            place=places.get(row.pk, 1),
            outlook=ahead.get(row.pk),
        )
        for row in shown
    )


def credentials_of(patron: Patron) -> tuple[CredentialLine, ...]:
    """Kinds of card and whether they work; never a number, masked or not. Queries: 1."""
    rows = patron.credentials.exclude(status=CredentialStatus.REPLACED).select_related("device")
    return tuple(
        CredentialLine(
            id=row.pk,
            kind=f"{row.get_kind_display()} {row.device.name}".strip()
            if hasattr(row, "device")
            else row.get_kind_display(),
            status=row.get_status_display(),
            is_active=row.status == CredentialStatus.ACTIVE,
        )
        for row in rows.order_by("pk")
    )


def others_waiting(manifestation_id: int, *, patron: Patron) -> int:
    """Other readers in the queue of an edition. Queries: 1."""
    return (
        HoldRequest.objects.filter(
            anchor__manifestation_id=manifestation_id, state=RequestState.WAITING
        )
        .exclude(patron=patron)
        .count()
    )


def _loan_card(row: Loan, *, now: datetime, outcome: Outcome | None) -> LoanCard:
    days_left = (timezone.localdate(row.due_at) - timezone.localdate(now)).days
    # Minutes count on the last day: past the due moment is overdue, whatever the date says.
    tone: Tone = "stop" if row.due_at < now else "soon" if days_left <= SOON_DAYS else "good"
    return LoanCard(
        id=row.pk,
        title=title_of(row.item.source_record),
        url=url_of(row.item.source_record),
        barcode=row.item.barcode,
        owner=row.owning_agency.name,
        checkout_branch=row.checkout_branch.name,
        due_at=row.due_at,
        days_left=days_left,
        tone=tone,
        operation=new_operation(),
        note=_loan_note(row),
        is_claimed=row.claimed_at is not None,
        outcome=outcome,
    )


def _loan_note(row: Loan) -> str:
    if row.claimed_at is not None:
        return _("You said this was returned; the library is looking for it.")
    if row.recalled_at is not None:
        return _("Recalled: somebody else needs it. Please bring it back by then.")
    return ""


def _hold_card(
    row: HoldRequest, *, transit: Transit | None, place: int, outlook: Outlook | None
) -> HoldCard:
    state = RequestState(row.state)
    return HoldCard(
        id=row.pk,
        title=title_of(row.anchor),
        url=url_of(row.anchor),
        pickup_branch=row.pickup_branch.name,
        state=_hold_state(row, state=state, transit=transit, place=place),
        note=_hold_note(row, state=state),
        steps=_steps(row, state=state, transit=transit),
        outlook=_outlook_text(outlook) if outlook else "",
        can_cancel=state in OPEN_STATES,
        can_pause=state == RequestState.WAITING,
        can_resume=state == RequestState.SUSPENDED,
        can_move=(state, RequestEvent.MOVED) in REQUEST_TRANSITIONS,
        operation=new_operation(),
    )


def _hold_state(
    row: HoldRequest, *, state: RequestState, transit: Transit | None, place: int
) -> State:
    match state:
        case RequestState.READY:
            where = _("collect by %(day)s") % {"day": _day(row.expires_at)}
            return State(
                tone="good", text=_("Ready for you"), where=where if row.expires_at else ""
            )
        case RequestState.IN_TRANSIT:
            where = _("coming from %(branch)s") % {"branch": transit.origin.name} if transit else ""
            return State(tone="soon", text=_("On its way"), where=where)
        case RequestState.WAITING:
            return State(tone="soon", text=_queue_text(place - 1), where=_("waiting for a copy"))
        case RequestState.SUSPENDED:
            until = row.suspended_until
            where = _("up to %(day)s") % {"day": _date(until)} if until else ""
            return State(tone="soon", text=_("Paused; your place is kept"), where=where)
        case _:
            return _CLOSED[state]()


_CLOSED: Mapping[RequestState, Callable[[], State]] = {
    RequestState.FILLED: lambda: State(tone="good", text=_("Collected")),
    RequestState.CANCELLED: lambda: State(tone="stop", text=_("Cancelled")),
    RequestState.EXPIRED: lambda: State(tone="stop", text=_("Ended without being collected")),
}


def _outlook_text(outlook: Outlook) -> str:
    """The range as an honest sentence (RQ-17)."""
    if outlook.first is None or outlook.last is None:
        return _("Too many readers wait for the few copies to say when it will be ready.")
    first, last = _date(outlook.first), _date(outlook.last)
    if first == last:
        return _("Ready about %(day)s, in 8 of 10 cases.") % {"day": first}
    return _("Ready between %(first)s and %(last)s, in 8 of 10 cases.") % {
        "first": first,
        "last": last,
    }


def _queue_text(ahead: int) -> str:
    if not ahead:
        return _("You are next")
    text = ngettext("%(n)s reader before you", "%(n)s readers before you", ahead)
    return text % {"n": ahead}


def _hold_note(row: HoldRequest, *, state: RequestState) -> str:
    if state in OPEN_STATES or row.closed_at is None:
        asked = _("asked for on %(day)s") % {"day": _day(row.placed_at)}
        if row.needed_until is None:
            return asked
        return f"{asked} · " + _("needed until %(day)s") % {"day": _date(row.needed_until)}
    return _("closed on %(day)s") % {"day": _day(row.closed_at)}


def _steps(row: HoldRequest, *, state: RequestState, transit: Transit | None) -> tuple[Step, ...]:
    """Asked for, on its way, ready, collected; nothing for a request that came to nothing."""
    if state in (RequestState.CANCELLED, RequestState.EXPIRED):
        return ()
    reached = {
        RequestState.WAITING: 0,
        RequestState.SUSPENDED: 0,
        RequestState.IN_TRANSIT: 1,
        RequestState.READY: 2,
        RequestState.FILLED: 3,
    }[state]
    dates = (
        row.placed_at,
        transit.dispatched_at if transit else None,
        row.ready_at,
        row.closed_at,
    )
    names = (_("Asked for"), _("On its way"), _("Ready"), _("Collected"))
    stages = list(zip(names, dates, strict=True))
    if transit is None and reached > 1:  # it was at the right place already
        del stages[1]
        reached -= 1
    marks = ("done",) * reached + ("now",) + ("next",) * (len(stages) - reached - 1)
    return tuple(
        _step(name, mark, at=at if mark != "next" else None)
        for (name, at), mark in zip(stages, marks, strict=True)
    )


def _step(name: str, mark: str, *, at: datetime | None) -> Step:
    day = timezone.localdate(at) if at else None
    # Translators: a date format of Django for a narrow column: month and day.
    short = formats.date_format(day, pgettext("date format", "M j")) if day else ""
    return Step(name=name, mark=mark, at=day, day=short)


def title_of(source: SourceRecord) -> str:
    return source.manifestation.title if source.manifestation else _("(title withdrawn)")


def url_of(source: SourceRecord) -> str:
    if source.manifestation is None:
        return ""
    return f"/works/w{source.manifestation.work_id}#m{source.manifestation_id}"


def _date(day: date) -> str:
    return formats.date_format(day, "DATE_FORMAT")


def _day(at: datetime | None) -> str:
    return formats.date_format(timezone.localdate(at), "DATE_FORMAT") if at else ""
