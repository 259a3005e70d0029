"""The admin site every librarian works in."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from library_net.accounts.scope import scope_of


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
