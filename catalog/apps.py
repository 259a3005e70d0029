from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = _("Catalog")

    def ready(self) -> None:
        # Needs Django's translations, which are not ready while this module is imported.
        from catalog.problems import PROBLEMS, REJECTS  # noqa: PLC0415
        from library_net.api import problems  # noqa: PLC0415

        problems.register(PROBLEMS)
        problems.register(REJECTS)
