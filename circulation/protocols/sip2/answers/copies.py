"""17, 19: a copy at the machine, or on the smart shelf."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from catalog.models import Item
from circulation.domain.calendar import SHANGHAI, local_date
from circulation.domain.credentials import mask_document
from circulation.domain.scans import Ambiguous, Unknown, clean_barcode, settle_return
from circulation.protocols.sip2.asking import Ask, answer, said_no
from circulation.protocols.sip2.codes import CIRCULATION_STATUS, MEDIA
from circulation.protocols.sip2.messages import Message, format_date
from circulation.readers.identity import copies_with_barcode
from circulation.readers.kiosk import Copy, copy_seen
from circulation.readers.terminals import Profile
from library_net.errors import LibraryError


def item_information(ask: Ask) -> Message:
    """17 → 18."""
    try:
        copy = find_copy(ask)
    except LibraryError as error:
        return said_no(ask, error)
    item = copy.item
    fixed = {
        "circulation": CIRCULATION_STATUS.get(item.status, "01"),
        "security": "00",
        "fee_type": "01",
    }
    fields = [
        ("AB", item.barcode),
        ("AJ", title_of(item)),
        ("CF", str(copy.queue) if copy.queue else ""),
        ("AH", due_text(ask.profile, copy.loan.due_at) if copy.loan else ""),
        ("BG", item.owning_agency.code),
        ("CK", MEDIA.get(item.material_type, "000")),
        ("AQ", item.home_branch.code),
        ("AP", item.current_branch.code if item.current_branch else ""),
        ("CS", item.call_number),
        ("KC", item.call_number),
    ]
    return answer(ask, fixed, fields, at=ask.now)


def item_status_update(ask: Ask) -> Message:
    """19 → 20: properties of a copy are its owner's to keep; nothing is written here."""
    try:
        copy = find_copy(ask)
    except LibraryError as error:
        return said_no(ask, error)
    fields = [("AB", copy.item.barcode), ("AJ", title_of(copy.item))]
    if not ask.get("CH"):
        return answer(ask, {"ok": "1"}, fields, at=ask.now)
    text = _("Properties of a copy are kept by its owner and were not changed.")
    return answer(ask, {"ok": "0"}, [*fields, ("AF", text)], at=ask.now)


def find_copy(ask: Ask) -> Copy:
    """The copy AB names. Raises ``unknown_item``, ``ambiguous_item``."""
    text = clean_barcode(ask.get("AB"))
    candidates = copies_with_barcode(text, branch_id=ask.profile.branch_id)
    settled = settle_return(candidates, owner=ask.owner)
    if isinstance(settled, Ambiguous):
        raise LibraryError("ambiguous_item", barcode=text, owners=", ".join(settled.owners))
    copy = None if isinstance(settled, Unknown) else copy_seen(settled)
    if copy is None:
        raise LibraryError("unknown_item", barcode=text if candidates else mask_document(text))
    return copy


def title_of(item: Item) -> str:
    manifestation = item.source_record.manifestation
    return manifestation.title if manifestation else ""


def due_text(profile: Profile, due_at: datetime) -> str:
    """AH as this terminal can read it."""
    if profile.sip_due_dates:
        return format_date(due_at, zone=SHANGHAI)
    return local_date(due_at).isoformat()
