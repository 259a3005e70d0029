"""What a signed-in person or a member key may touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from library_net.accounts.models import Role, RoleKind
from library_net.errors import LibraryError
from library_net.network.models import Agency


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The agencies somebody acts for; ``everywhere`` for network administrators."""

    agency_ids: frozenset[int] = frozenset()
    everywhere: bool = False
    home_agency_id: int | None = None

    def covers(self, agency_id: int) -> bool:
        return self.everywhere or agency_id in self.agency_ids

    def require(self, agency_id: int) -> None:
        """Raise ``outside_your_agency`` unless this scope covers the agency."""
        if not self.covers(agency_id):
            raise LibraryError("outside_your_agency")


NOTHING = Scope()


def scope_of(user: Any) -> Scope:
    """The scope of a user's roles. One query, and one more for each role with a subtree."""
    if not getattr(user, "is_authenticated", False):
        return NOTHING
    if (cached := getattr(user, "_scope", None)) is not None:
        return cached  # type: ignore[no-any-return]
    if (key := getattr(user, "member_key", None)) is not None:
        return agency_scope(key.agency_id)
    if not user.is_staff:  # a librarian who was switched off keeps no right at any door
        return NOTHING
    roles = list(Role.objects.filter(user_id=user.pk).order_by("pk"))
    ids: set[int] = set()
    for role in roles:
        if role.agency_id is not None:
            ids |= {role.agency_id}
            ids |= set(subtree_ids(role.agency_id)) if role.includes_subtree else set()
    everywhere = bool(user.is_superuser) or any(r.kind == RoleKind.NETWORK_ADMIN for r in roles)
    home = next((r.agency_id for r in roles if r.agency_id is not None), None)
    scope = Scope(agency_ids=frozenset(ids), everywhere=everywhere, home_agency_id=home)
    user._scope = scope  # noqa: SLF001 - remembered for this request's user object
    return scope


def agency_scope(agency_id: int) -> Scope:
    return Scope(agency_ids=frozenset({agency_id}), home_agency_id=agency_id)


def subtree_ids(agency_id: int) -> list[int]:
    """All agencies below this one. One query: the tree has hundreds of rows, not millions."""
    children: dict[int | None, list[int]] = {}
    for pk, parent_id in Agency.objects.values_list("pk", "parent_id"):
        children.setdefault(parent_id, []).append(pk)
    found: list[int] = []
    waiting = [agency_id]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
