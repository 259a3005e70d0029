"""The admin site every librarian works in."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from circulation.readers.desk import today
from library_net.accounts.scope import Scope, scope_of


class DeskAdminSite(AdminSite):
    """Staff with any role may enter; what they see is limited by their scope."""

    site_header = _("Library Net desk")
    site_title = _("Library Net")
    index_title = _("Today")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not (user.is_authenticated and user.is_active and user.is_staff):
            return False
        scope = scope_of(user)
        return scope.everywhere or bool(scope.agency_ids)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Today's work first; every number is a link to its list."""
        tiles = today_tiles(scope_of(request.user))
        return super().index(request, {**(extra_context or {}), "tiles": tiles})


def today_tiles(scope: Scope) -> list[dict[str, Any]]:
    """What waits, as numbers with the page where each is worked off."""
    work = today(scope=scope, now=timezone.now())
    admin_list = "admin:circulation_{}_changelist".format
    vans = reverse("desk:vans")
    rows = [
        (
            work.exceptions,
            gettext("odd cases to settle"),
            reverse("desk:exceptions"),
            True,
        ),
        (work.to_pull, gettext("copies to pull for readers"), vans, True),
        (work.to_dispatch, gettext("copies to dispatch"), vans, True),
        (work.arriving, gettext("copies arriving"), vans, False),
        (work.moves_to_review, gettext("plan moves to review"), reverse("desk:plans"), True),
        (
            work.ready,
            gettext("requests ready to collect"),
            _list(admin_list("holdrequest"), "state__exact=ready"),
            False,
        ),
        (work.overdue, gettext("loans overdue"), _list(admin_list("loan")), False),
        (
            work.rejects,
            gettext("batches with rejected records"),
            reverse("members:list"),
            True,
        ),
    ]
    return [
        {"count": count, "label": label, "url": url, "is_work": is_work}
        for count, label, url, is_work in rows
    ]


def _list(name: str, query: str = "") -> str:
    return reverse(name) + (f"?{query}" if query else "")
