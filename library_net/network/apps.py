from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class NetworkConfig(AppConfig):
    name = "library_net.network"
    verbose_name = _("Network")

    def ready(self) -> None:
        # Needs Django's translations, which are not ready while this module is imported.
        from library_net import lines  # noqa: PLC0415
        from library_net.api import problems  # noqa: PLC0415
        from library_net.network import checks, stamp  # noqa: F401, PLC0415 - registers itself
        from library_net.network.problems import PROBLEMS  # noqa: PLC0415

        problems.register(PROBLEMS)
        for table in ("network_agency", "network_branch", "network_closedday"):
            stamp.watch(table)
        stamp.watch(
            "network_memberkey", columns=("prefix", "secret_hash", "revoked_at", "agency_id")
        )
        # Not flows of ours: it is Django's way to say that tables were made, or a line opened.
        post_migrate.connect(stamp.install, sender=self)
        connection_created.connect(lines.end_with_thread)
