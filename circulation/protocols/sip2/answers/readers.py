"""23, 63, 25, 35: the reader at the machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from django.core.cache import cache
from django.utils.translation import gettext as _

from circulation.domain.reasons import Reason, ReasonCode
from circulation.models import HoldRequest, Patron
from circulation.protocols.sip2.asking import Ask, answer
from circulation.protocols.sip2.codes import PatronFlag, patron_status
from circulation.protocols.sip2.messages import Message
from circulation.readers.identity import Card
from circulation.readers.kiosk import Account, account
from library_net import vault
from library_net.api.problems import sentence
from library_net.errors import LibraryError

_FLAGS: Final = {
    ReasonCode.CREDENTIAL_BLOCKED: PatronFlag.CARD_LOST,
    ReasonCode.TOO_MANY_LOANS: PatronFlag.TOO_MANY_CHARGED,
    ReasonCode.HAS_OVERDUE: PatronFlag.TOO_MANY_OVERDUE,
    ReasonCode.OWES_TOO_MUCH: PatronFlag.EXCESSIVE_FINES,
}
_NOTHING_ALLOWED: Final = frozenset(
    {PatronFlag.NO_CHARGE, PatronFlag.NO_RENEWAL, PatronFlag.NO_RECALL, PatronFlag.NO_HOLD}
)
_STOPS_RENEWAL: Final = frozenset(ReasonCode) - {ReasonCode.TOO_MANY_LOANS}
_STOPS_REQUESTS: Final = (
    ReasonCode.CREDENTIAL_BLOCKED,
    ReasonCode.PATRON_SUSPENDED,
    ReasonCode.PATRON_EXPIRED,
)
FREE_TRIES, FORGET_AFTER_S = 5, 15 * 60
# The place of the Y in the summary, and the tag of what it asks for.
_DETAILS: Final = ("AS", "AT", "AU", "AV", "BU", "CD")


def patron_status_answer(ask: Ask) -> Message:
    """23 → 24."""
    return _about_reader(ask)


def patron_enable(ask: Ask) -> Message:
    """25 → 26: what staff blocked, staff free; the machine hears how things stand."""
    return _about_reader(ask)


def patron_information(ask: Ask) -> Message:
    """63 → 64, with the list the terminal asks for."""
    found = _account(ask)
    if isinstance(found, str):
        return _nobody(ask, found)
    counts = {
        "hold_count": len(found.ready),
        "overdue_count": len(found.overdue),
        "charged_count": len(found.loans),
        "fine_count": len(found.debts),
        "recall_count": 0,
        "unavailable_count": len(found.waiting),
    }
    fixed = {
        **_fixed(ask, found),
        **{name: f"{min(number, 9999):04d}" for name, number in counts.items()},
    }
    fields = [
        *_person(ask, found),
        ("CB", f"{min(found.limit, 9999):04d}" if found.limit is not None else ""),
        *_details(ask, found),
    ]
    return answer(ask, fixed, fields, at=ask.now)


def end_session(ask: Ask) -> Message:
    """35 → 36: nothing is kept between two messages, so there is always an end."""
    return answer(ask, {"ended": "Y"}, [], at=ask.now)


def pin_refused(ask: Ask, card: Card) -> bool:
    """A terminal that asks for passwords got none or a wrong one. Queries: 0 or 1."""
    if not (ask.profile.needs_pin or ask.get("AD")):
        return False
    patron = Patron.objects.select_related("user").filter(pk=card.patron_id).first()
    return patron is None or not _is_pin_right(patron, ask.get("AD"))


def _is_pin_right(patron: Patron, given: str) -> bool:
    """AD against the reader's own password; after five wrong ones nobody looks for a while."""
    key = f"sip2.pin.{vault.blind_index(str(patron.pk), purpose='sip2.pin')}"
    failures = cache.get(key, 0)
    if failures >= FREE_TRIES or patron.user is None:
        return False
    if patron.user.check_password(given):
        cache.delete(key)
        return True
    cache.set(key, failures + 1, FORGET_AFTER_S)
    return False


def _about_reader(ask: Ask) -> Message:
    found = _account(ask)
    if isinstance(found, str):
        return _nobody(ask, found)
    return answer(ask, _fixed(ask, found), _person(ask, found), at=ask.now)


def _account(ask: Ask) -> Account | str:
    """The reader, or why there is none."""
    try:
        found = account(ask.card(), branch_id=ask.profile.branch_id, now=ask.now)
    except LibraryError as error:
        return sentence(error.code, error.params)
    return found if found is not None else sentence("unknown_patron", {})


def _nobody(ask: Ask, text: str) -> Message:
    return answer(ask, {}, [("BL", "N"), ("AF", text)], at=ask.now)


def _fixed(ask: Ask, found: Account) -> dict[str, str]:
    return {
        "patron_status": patron_status(_flags(found.blocks)),
        "language": ask.message.fixed.get("language", "") or "000",
    }


def _flags(blocks: Sequence[Reason]) -> frozenset[PatronFlag]:
    codes = {reason.code for reason in blocks}
    flags = {_FLAGS[code] for code in codes if code in _FLAGS}
    if codes:
        flags.add(PatronFlag.NO_CHARGE)
    if codes & _STOPS_RENEWAL:
        flags.add(PatronFlag.NO_RENEWAL)
    if codes & set(_STOPS_REQUESTS):
        flags |= _NOTHING_ALLOWED
    return frozenset(flags)


def _person(ask: Ask, found: Account) -> list[tuple[str, str]]:
    patron, profile = found.patron, ask.profile
    fields = [
        ("AE", patron.name if profile.shows_full_names else patron.masked_name),
        ("BL", "Y" if found.may_use_card else "N"),
    ]
    if ask.message.has("AD") and (ask.get("AD") or profile.needs_pin):
        fields.append(("CQ", "Y" if _is_pin_right(patron, ask.get("AD")) else "N"))
    if found.owed:
        fields += [("BH", profile.currency), ("BV", str(found.owed))]
    text = " ".join(sentence(str(reason.code), dict(reason.params)) for reason in found.blocks)
    if not text and found.ready:
        text = _("Something is ready for you to collect.")
    return [*fields, ("AF", text)]


def _details(ask: Ask, found: Account) -> Iterator[tuple[str, str]]:
    """The list the one ``Y`` in the summary asks for, from BP to BQ; without a Y none."""
    summary = ask.message.fixed["summary"].upper()
    place = summary.find("Y")
    if not 0 <= place < len(_DETAILS):
        return
    lists: tuple[Iterable[str], ...] = (
        (_request(r) for r in found.ready),
        (loan.item.barcode for loan in found.overdue),
        (loan.item.barcode for loan in found.loans),
        (f"{ask.profile.currency} {amount} {owner}" for owner, amount in found.debts),
        (),
        (_request(r) for r in found.waiting),
    )
    first, last = _number(ask.get("BP"), 1), _number(ask.get("BQ"), 100)
    chosen = list(lists[place])[max(first, 1) - 1 : min(last, first + 99)]
    yield from ((_DETAILS[place], text) for text in chosen)


def _request(request: HoldRequest) -> str:
    """The copy that waits, else the title."""
    if request.item is not None:
        return request.item.barcode
    manifestation = request.anchor.manifestation
    return manifestation.title if manifestation else str(request.pk)


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else otherwise
