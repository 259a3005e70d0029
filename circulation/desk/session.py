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
    # A family at the desk: everybody whose card was scanned, and what was lent to them (PX-4).
    is_family: bool = False
    family: list[dict[str, Any]] = field(default_factory=list)
    loans: list[int] = field(default_factory=list)

    def note(self, verdict: dict[str, Any], *, keep: bool = True) -> None:
        """Show this verdict, and keep it in the list where it was about a copy."""
        self.serial += 1
        self.verdict = {**verdict, "serial": self.serial}
        if keep:
            self.log = [self.verdict, *self.log][:LOG_LENGTH]

    def open_patron(self, *, patron_id: int, credential_id: int | None) -> None:
        """This reader is at the desk; with a family the others stay, else their visit is over."""
        self.mode = LEND
        self.patron_id, self.credential_id = patron_id, credential_id
        if not self.is_family:
            self.family, self.loans = [], []
        if all(one["patron_id"] != patron_id for one in self.family):
            self.family.append({"patron_id": patron_id, "credential_id": credential_id})

    def close_patron(self) -> None:
        """The visit is over; the next reader sees nothing of it."""
        self.patron_id = self.credential_id = None
        self.is_family, self.family, self.loans = False, [], []


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
