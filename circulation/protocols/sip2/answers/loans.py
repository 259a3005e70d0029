"""11, 09: lent and taken back, and what a machine without a line did alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout, checkout_by_card
from circulation.actions.operations import Answer
from circulation.actions.present_card import is_plain
from circulation.actions.record_offline import Entry, EntryKind, record_offline
from circulation.actions.renew import renew
from circulation.domain.reasons import ReasonCode
from circulation.protocols.sip2.answers.copies import due_text, find_copy
from circulation.protocols.sip2.answers.readers import pin_refused
from circulation.protocols.sip2.answers.renewals import renewed
from circulation.protocols.sip2.asking import Ask, answer, date_of, refusal, said_no
from circulation.protocols.sip2.codes import Alert
from circulation.protocols.sip2.messages import Message
from circulation.protocols.sip2.resends import part
from circulation.readers.identity import Card
from circulation.readers.kiosk import who_waits
from library_net.api.problems import sentence
from library_net.errors import LibraryError, Refused

TAKEN: Final = {"ok": "1", "resensitize": "Y", "magnetic": "U", "alert": "N"}
LENT: Final = {"ok": "1", "renewal_ok": "N", "magnetic": "U", "desensitize": "Y"}


def checkout_answer(ask: Ask) -> Message:
    """11 → 12. With "no block" the book is gone already: it is recorded, whatever the rules."""
    if ask.get("BI").upper() == "Y":
        return refusal(ask, _("A loan cannot be cancelled here; return the copy instead."))
    if ask.message.fixed["no_block"].upper() == "Y":
        return _lent_offline(ask)
    try:
        return _lend(ask)
    except LibraryError as error:
        return said_no(ask, error)


def _lend(ask: Ask) -> Message:
    claim = ask.claim()
    needs_card = ask.profile.needs_pin or bool(ask.get("AD")) or not is_plain(ask.get("AA"))
    card = ask.card() if needs_card else None
    if card is not None and pin_refused(ask, card):
        return refusal(ask, _("The password is not right."), fields=[("CQ", "N")])
    try:
        done = _checkout(ask, card, operation_id=claim.operation_id)
    except Refused as error:
        if error.code != ReasonCode.ALREADY_YOURS or not _may_renew(ask):
            raise
        patron_id = (card or ask.card()).patron_id
        return _renewed_instead(ask, patron_id=patron_id, operation_id=claim.operation_id)
    return _lent(ask, done, at=claim.at(ask.now))


def _checkout(ask: Ask, card: Card | None, *, operation_id: str) -> Answer:
    """By what was scanned, which can be lent together with others; by person where need be."""
    intent = ask.intent(operation_id)
    if card is None:
        return checkout_by_card(
            intent=intent,
            branch=ask.profile.branch,
            card=ask.get("AA"),
            barcode=ask.get("AB"),
            owner=ask.owner,
            now=ask.now,
        )
    return checkout(
        intent=intent,
        branch_id=ask.profile.branch_id,
        patron_id=card.patron_id,
        credential_id=card.credential_id,
        barcode=ask.get("AB"),
        owner=ask.owner,
        now=ask.now,
    )


def checkin_answer(ask: Ask) -> Message:
    """09 → 10: always accepted; where the copy goes is in CV, CT and CL."""
    if ask.message.fixed["no_block"].upper() == "Y":
        return _taken_offline(ask)
    claim = ask.claim()
    try:
        done = checkin(
            intent=ask.intent(claim.operation_id),
            branch_id=ask.profile.branch,
            barcode=ask.get("AB"),
            owner=ask.owner,
            now=ask.now,
        )
    except LibraryError as error:
        return said_no(ask, error)
    return _taken(ask, done, at=claim.at(ask.now))


def _may_renew(ask: Ask) -> bool:
    return ask.message.fixed["renewal_policy"].upper() == "Y"


def _renewed_instead(ask: Ask, *, patron_id: int, operation_id: str) -> Message:
    """The copy is this reader's already: with the renewal policy on, that asks to prolong."""
    loan = find_copy(ask).loan
    if loan is None or loan.patron_id != patron_id:
        raise LibraryError("unknown_loan")
    intent = ask.intent(part(operation_id, "renew"), patron_id=patron_id)
    return renewed(ask, renew(intent=intent, loan_id=loan.pk, now=ask.now), at=ask.now)


def _lent(ask: Ask, done: Answer, *, at: datetime) -> Message:
    fields = [
        ("AB", done["item"]["barcode"]),
        ("AJ", done["item"]["title"]),
        ("AH", due_text(ask.profile, datetime.fromisoformat(done["due_at"]))),
        ("BG", done["item"]["owner"]),
    ]
    return answer(ask, LENT, fields, at=at)


def _lent_offline(ask: Ask) -> Message:
    """Recorded as of the moment the terminal names; what is odd is for staff, not for the line."""
    card = None
    with suppress(LibraryError):  # an unknown card: recorded, and people find out whose it was
        card = ask.card(at=ask.happened_at)
    entry = Entry(
        operation_id=ask.claim().operation_id,
        kind=EntryKind.CHECKOUT,
        happened_at=ask.happened_at or ask.now,
        barcode=ask.get("AB"),
        owner=ask.owner,
        card=ask.get("AA"),
        patron_id=card.patron_id if card else None,
        credential_id=card.credential_id if card else None,
    )
    done = _record(ask, entry)
    due_at = done["due_at"]
    item = done["item"] or {}
    fields = [
        ("AB", item.get("barcode") or ask.get("AB")),
        ("AJ", item.get("title", "")),
        ("AH", due_text(ask.profile, datetime.fromisoformat(due_at)) if due_at else ""),
        ("AF", " ".join(sentence(c["code"], c["params"]) for c in done["conflicts"])),
    ]
    return answer(ask, LENT, fields, at=entry.happened_at)


def _taken_offline(ask: Ask) -> Message:
    returned = date_of(ask.message.fixed["return_date"])
    entry = Entry(
        operation_id=ask.claim().operation_id,
        kind=EntryKind.CHECKIN,
        happened_at=returned or ask.happened_at or ask.now,
        barcode=ask.get("AB"),
        owner=ask.owner,
    )
    return _taken(ask, _record(ask, entry), at=entry.happened_at)


def _record(ask: Ask, entry: Entry) -> Answer:
    (done,) = record_offline(
        intent=ask.intent(entry.operation_id),
        device="",
        branch_id=ask.profile.branch_id,
        entries=[entry],
        now=ask.now,
    )
    return done


def _taken(ask: Ask, done: Answer, *, at: datetime) -> Message:
    """Message 10: the whole of "back anywhere" that a machine can be told."""
    item, profile = done["item"], ask.profile
    where = done["next"] or {"kind": "shelf"}
    alert, destination = _alert(where, has_oddity=bool(done["exceptions"]))
    is_special = alert != Alert.NONE
    if is_special or profile.always_send_destination:
        destination = destination or profile.branch
    fields = [
        ("AB", item["barcode"] if item else ask.get("AB")),
        ("AQ", item.get("home_branch", "") if item else ""),
        ("AJ", item["title"] if item else ""),
        ("BG", item["owner"] if item else ""),
        ("CL", _bin(profile.sort_bins, where=where, destination=destination)),
        ("CV", str(alert) if is_special or profile.send_alert_00 else ""),
        ("CT", destination),
        *_for_whom(where),
        ("AF", _screen(done, where=where, destination=destination)),
    ]
    return answer(ask, {**TAKEN, "alert": "Y" if is_special else "N"}, fields, at=at)


def _alert(where: Answer, *, has_oddity: bool) -> tuple[Alert, str]:
    """CV, and CT when the copy leaves. What is odd comes to staff before anything else."""
    if where["kind"] == "staff" or has_oddity:
        return Alert.STAFF, where.get("destination") or ""
    if where["kind"] == "hold_shelf":
        return Alert.HOLD_HERE, ""
    if where["kind"] == "transit":
        is_hold = where.get("reason") == "to_pickup"
        return (Alert.HOLD_ELSEWHERE if is_hold else Alert.SEND_ON), where["destination"]
    return Alert.NONE, ""


def _bin(bins: Any, *, where: Answer, destination: str) -> str:
    """CL: the bin of the destination, else of the kind of place."""
    kind = "hold" if where["kind"] == "hold_shelf" else where["kind"]
    return str(bins.get(destination) or bins.get(kind) or bins.get("default") or "")


def _for_whom(where: Answer) -> Iterator[tuple[str, str]]:
    """CY and DA: for whom it waits, by number and masked name."""
    request_id = where.get("request")
    reader = who_waits(request_id) if request_id else None
    if reader is not None:
        yield from (("CY", reader[0]), ("DA", reader[1]))


def _screen(done: Answer, *, where: Answer, destination: str) -> str:
    odd = [sentence(e["code"], e.get("params", {})) for e in done["exceptions"] if e.get("params")]
    if odd:
        return " ".join(odd)
    if where["kind"] == "staff" or done["exceptions"]:
        return _("Accepted. Please hand this copy to a librarian.")
    if where["kind"] == "hold_shelf":
        return _("Accepted. It waits here for a reader.")
    if where["kind"] == "transit":
        return _("Accepted. It goes on to %(branch)s.") % {"branch": destination}
    return _("Accepted.")
