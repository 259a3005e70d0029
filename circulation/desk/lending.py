"""To whom a scanned book goes: the open reader, one of the family, or whom a proxy collects for."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from circulation.actions.checkout import checkout
from circulation.actions.note_look import note_look
from circulation.actions.operations import Answer
from circulation.actions.proxies import collect_for_another
from circulation.desk.access import intent_of
from circulation.desk.session import DeskSession
from library_net.accounts.scope import scope_of
from library_net.errors import LibraryError, Refused

FULL, HELD = "too_many_loans", "held_for_another"


def lend(request: HttpRequest, session: DeskSession, code: str) -> Answer:
    """Lend to the open reader; in a family whose limit is reached, to the next one (PX-4).

    A copy on the hold shelf goes to whom the open reader collects for (PX-2). Raises what
    ``checkout`` raises: of several refusals the open reader's own.
    """
    refused: LibraryError | None = None
    for number, reader in enumerate(_in_turn(session)):
        try:
            answer = checkout(
                intent=intent_of(request, part=f":{number}" if number else ""),
                patron_id=reader["patron_id"],
                credential_id=reader["credential_id"],
                **_copy(request, session, code),
            )
        except LibraryError as error:
            refused = refused or error
            if _codes(error) == {HELD}:
                return _collect(request, session, code, otherwise=refused)
            if _codes(error) != {FULL}:
                break
        else:
            return answer
    assert refused is not None  # at least the open reader was asked about
    raise refused


def _in_turn(session: DeskSession) -> list[dict[str, Any]]:
    """The open reader first, then the family in the order of their cards."""
    open_one = {"patron_id": session.patron_id, "credential_id": session.credential_id}
    rest = [one for one in session.family if one["patron_id"] != session.patron_id]
    return [open_one, *(rest if session.is_family else [])]


def _collect(
    request: HttpRequest, session: DeskSession, code: str, *, otherwise: LibraryError
) -> Answer:
    assert session.patron_id is not None
    try:
        answer = collect_for_another(
            intent=intent_of(request, part=":proxy"),
            proxy_id=session.patron_id,
            **_copy(request, session, code),
        )
    except LibraryError as error:
        raise (otherwise if error.code == "not_their_proxy" else error) from error
    note_look(
        patron_id=session.patron_id,
        actor_id=request.user.pk,
        scope=scope_of(request.user),
        purpose=f"proxy collects for {answer['patron']}",
        now=timezone.now(),
    )
    return answer


def _copy(request: HttpRequest, session: DeskSession, code: str) -> dict[str, Any]:
    return {
        "branch_id": session.branch_id,
        "barcode": code,
        "owner": request.POST.get("owner", ""),
        "now": timezone.now(),
    }


def _codes(error: LibraryError) -> set[str]:
    return {code for code, _params in error.reasons} if isinstance(error, Refused) else {error.code}
