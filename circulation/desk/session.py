"""What one librarian's desk remembers between scans: where, which mode, whose card, what was done.

Kept in the signed-in session on the server; it holds ids and barcodes, never a document number.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from django.http import HttpRequest

from library_net.accounts.scope import Scope, scope_of
from library_net.network.models import Branch, BranchKind

KEY = "desk"
LOG_LENGTH = 30
LEND, RETURN = "lend", "return"


@dataclass(slots=True)
class DeskSession:
    branch_id: int | None = None
    mode: str = LEND
    patron_id: int | None = None
    credential_id: int | None = None
    serial: int = 0
    verdict: dict[str, Any] | None = None
    log: list[dict[str, Any]] = field(default_factory=list)

    def note(self, verdict: dict[str, Any], *, keep: bool = True) -> None:
        """Show this verdict, and keep it in the list where it was about a copy."""
        self.serial += 1
        self.verdict = {**verdict, "serial": self.serial}
        if keep:
            self.log = [self.verdict, *self.log][:LOG_LENGTH]

    def close_patron(self) -> None:
        self.patron_id = self.credential_id = None


def open_session(request: HttpRequest) -> DeskSession:
    """The desk as it was left; at the first visit, at the main branch of the user's agency."""
    stored = request.session.get(KEY)
    session = DeskSession(**stored) if stored else DeskSession()
    allowed = {branch.pk for branch in branches_of(scope_of(request.user))}
    if session.branch_id not in allowed:
        session.branch_id = _first_branch(scope_of(request.user))
    return session


def keep_session(request: HttpRequest, session: DeskSession) -> None:
    request.session[KEY] = asdict(session)


def branches_of(scope: Scope) -> list[Branch]:
    """Where the user may stand at a desk, the main buildings first. Queries: 1."""
    rows = Branch.objects.filter(is_active=True).order_by("agency__code", "code")
    rows = rows if scope.everywhere else rows.filter(agency__in=scope.agency_ids)
    return sorted(rows, key=lambda branch: branch.kind != BranchKind.MAIN)


def _first_branch(scope: Scope) -> int | None:
    branches = branches_of(scope)
    own = [b for b in branches if b.agency_id == scope.home_agency_id]
    return next((b.pk for b in own or branches), None)
