from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CirculationConfig(AppConfig):
    name = "circulation"
    verbose_name = _("Circulation")

    def ready(self) -> None:
        # Needs Django's translations, which are not ready while this module is imported.
        from circulation.device_problems import DEVICE_PROBLEMS  # noqa: PLC0415
        from circulation.identity_problems import IDENTITY_PROBLEMS  # noqa: PLC0415
        from circulation.plan_problems import PLAN_PROBLEMS  # noqa: PLC0415
        from circulation.problems import PROBLEMS  # noqa: PLC0415
        from library_net.api import problems  # noqa: PLC0415
        from library_net.network import stamp  # noqa: PLC0415

        problems.register(PROBLEMS)
        problems.register(IDENTITY_PROBLEMS)
        problems.register(PLAN_PROBLEMS)
        problems.register(DEVICE_PROBLEMS)
        for table in ("loanrule", "patroncategory", "materialtype"):
            stamp.watch(f"circulation_{table}")
