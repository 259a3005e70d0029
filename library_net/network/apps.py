from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NetworkConfig(AppConfig):
    name = "library_net.network"
    verbose_name = _("Network")

    def ready(self) -> None:
        # Needs Django's translations, which are not ready while this module is imported.
        from library_net.api import problems  # noqa: PLC0415
        from library_net.network import checks  # noqa: F401, PLC0415 - registers itself
        from library_net.network.problems import PROBLEMS  # noqa: PLC0415

        problems.register(PROBLEMS)
