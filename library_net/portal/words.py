"""Refusals as a reader hears them: every reason, names instead of codes, dates as people write."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import formats
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from library_net.api.problems import sentence
from library_net.errors import LibraryError, Refused
from library_net.network.models import Agency, Branch

AGENCY_PARAMS = ("agency", "owner")
# Said to the reader in person, where the common text speaks about a reader to staff.
TO_THE_READER = {
    "already_requested": _("You are waiting for this title already; see “My requests”."),
    "already_borrowed": _("You have this title at home already; see “My loans”."),
    "request_limit": _(
        "You wait for %(limit)s titles already, the most at one time. Cancel one first."
    ),
}


def explain(error: LibraryError) -> str:
    """Every reason as a sentence. Queries: at most 2, for the names of places."""
    reasons = error.reasons if isinstance(error, Refused) else [(error.code, error.params)]
    told = [_tell(code, _for_people(params)) for code, params in reasons]
    return " ".join(dict.fromkeys(told))


def _tell(code: str, params: dict[str, Any]) -> str:
    if code in TO_THE_READER:
        return str(TO_THE_READER[code]) % params
    return sentence(code, params)


def _for_people(params: dict[str, Any]) -> dict[str, Any]:
    return {name: _word(name, value) for name, value in params.items()}


def _word(name: str, value: Any) -> Any:
    if name in AGENCY_PARAMS:
        agency = Agency.objects.filter(code=value).first()
        return agency.name if agency else value
    if name == "branch":
        branch = Branch.objects.filter(code=value).first()
        return branch.name if branch else value
    if name.endswith("_date") and isinstance(value, str) and (day := parse_date(value)):
        return formats.date_format(day, "DATE_FORMAT")
    return formats.date_format(value, "DATE_FORMAT") if isinstance(value, date) else value
