from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CirculationConfig(AppConfig):
    name = "circulation"
    verbose_name = _("Circulation")

    def ready(self) -> None:
        # Needs Django's translations, which are not ready while this module is imported.
        from circulation.plan_problems import PLAN_PROBLEMS  # noqa: PLC0415
        from circulation.problems import PROBLEMS  # noqa: PLC0415
        from library_net.api import problems  # noqa: PLC0415

        problems.register(PROBLEMS)
        problems.register(PLAN_PROBLEMS)
