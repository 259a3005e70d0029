"""Refusals as a reader hears them: every reason, names instead of codes, dates as people write."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import formats
from django.utils.dateparse import parse_date

from library_net.api.problems import sentence
from library_net.errors import LibraryError, Refused
from library_net.network.models import Agency, Branch

AGENCY_PARAMS = ("agency", "owner")


def explain(error: LibraryError) -> str:
    """Every reason as a sentence. Queries: at most 2, for the names of places."""
    reasons = error.reasons if isinstance(error, Refused) else [(error.code, error.params)]
    told = [sentence(code, _for_people(params)) for code, params in reasons]
    return " ".join(dict.fromkeys(told))


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
