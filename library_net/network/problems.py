"""What the network's error codes say to a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

PROBLEMS = {
    "network_columns_missing": (
        400,
        _("The network file lacks these columns: %(columns)s. Add them and read it again."),
    ),
    "network_row_bad": (
        400,
        _("Row %(code)s needs a code, a Chinese name and a known kind (it says “%(kind)s”)."),
    ),
    "network_parent_unknown": (
        400,
        _("Row %(code)s names the parent %(parent)s, which is nowhere in the network."),
    ),
    "network_coordinates_bad": (
        400,
        _("Row %(code)s: latitude and longitude must be decimal degrees."),
    ),
}
