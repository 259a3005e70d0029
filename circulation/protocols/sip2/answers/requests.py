"""15: a request placed or cancelled at the machine."""

from __future__ import annotations

from django.utils.translation import gettext as _

from circulation.actions.cancel_request import cancel_request
from circulation.actions.operations import Answer
from circulation.actions.place_request import place_request
from circulation.models import HoldRequest
from circulation.protocols.sip2.answers.copies import find_copy
from circulation.protocols.sip2.asking import Ask, answer, refusal, said_no
from circulation.protocols.sip2.messages import Message
from circulation.readers.kiosk import waiting_for
from circulation.readers.reference import find_branch
from library_net.errors import LibraryError

THIS_COPY = "3"  # BY


def hold_answer(ask: Ask) -> Message:
    """15 → 16: ``+`` waits for the title of the copy (BY 3: for this copy), ``-`` stops waiting."""
    mode = ask.message.fixed["mode"]
    if mode not in "+-":
        return refusal(ask, _("A request cannot be changed here. Cancel it and place a new one."))
    try:
        return _place(ask) if mode == "+" else _cancel(ask)
    except LibraryError as error:
        return said_no(ask, error)


def _place(ask: Ask) -> Message:
    patron_id, copy = ask.card().patron_id, find_copy(ask)
    pickup = find_branch(ask.get("BS")) if ask.get("BS") else None
    claim = ask.claim()
    done: Answer = place_request(
        intent=ask.intent(claim.operation_id, patron_id=patron_id),
        patron_id=patron_id,
        pickup_branch_id=pickup.pk if pickup else ask.profile.branch_id,
        anchor_id=copy.item.source_record_id,
        item_id=copy.item.pk if ask.get("BY") == THIS_COPY else None,
        now=ask.now,
    )
    fields = [
        ("AB", copy.item.barcode),
        ("AJ", done["title"]),
        ("BS", done["pickup_branch"]),
        ("BR", str(done["position"])),
    ]
    return answer(ask, {"ok": "1", "available": "N"}, fields, at=claim.at(ask.now))


def _cancel(ask: Ask) -> Message:
    patron_id, copy = ask.card().patron_id, find_copy(ask)
    claim = ask.claim()
    if claim.done_at is None:
        mine: HoldRequest | None = waiting_for(copy.item).filter(patron_id=patron_id).first()
        if mine is None:
            raise LibraryError("unknown_request")
        cancel_request(
            intent=ask.intent(claim.operation_id, patron_id=patron_id),
            request_id=mine.pk,
            now=ask.now,
        )
    fields = [("AB", copy.item.barcode)]
    return answer(ask, {"ok": "1", "available": "N"}, fields, at=claim.at(ask.now))
