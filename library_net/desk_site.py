"""Django's own admin as the librarian's desk: our site class and its app config."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class DeskAdminConfig(AdminConfig):
    default_site = "library_net.desk_admin.DeskAdminSite"
