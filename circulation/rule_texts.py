"""What the check of the rules and the trial of a draft say to a person, with the next step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from circulation.domain.rule_check import Finding, FindingKind, Severity
from circulation.domain.whatif import Change, ChangeKind, EventKind
from circulation.models import LoanRule, MaterialType, PatronCategory
from library_net.api.problems import code_text
from library_net.network.models import Agency, Branch

# The domain's word for a parameter, where the table's column is called otherwise.
_COLUMNS: Final = {
    "renewals": "max_renewals",
    "renewal_base": "renew_from",
    "hold_shelf_days": "pickup_days",
}
_SHOWN_PLACES: Final = 5

SEVERITIES: Final[Mapping[Severity, Promise | str]] = {
    Severity.ERROR: gettext_lazy("error"),
    Severity.WARNING: gettext_lazy("warning"),
    Severity.NOTE: gettext_lazy("note"),
}
CHANGES: Final[Mapping[ChangeKind, Promise | str]] = {
    ChangeKind.NEWLY_REFUSED: gettext_lazy("would be refused"),
    ChangeKind.NO_LONGER_REFUSED: gettext_lazy("would no longer be refused"),
    ChangeKind.DUE_LATER: gettext_lazy("would be due later"),
    ChangeKind.DUE_EARLIER: gettext_lazy("would be due earlier"),
    ChangeKind.FEE_HIGHER: gettext_lazy("would cost more"),
    ChangeKind.FEE_LOWER: gettext_lazy("would cost less"),
}
EVENTS: Final[Mapping[EventKind, Promise | str]] = {
    EventKind.CHECKOUT: gettext_lazy("loan"),
    EventKind.RENEWAL: gettext_lazy("renewal"),
    EventKind.RETURN: gettext_lazy("return"),
}


class Names:
    """What codes are called in the reader's language. Queries: 4, at the first question."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        for model in (Agency, Branch, PatronCategory, MaterialType):
            for row in model.objects.all():
                self._known.setdefault(f"{model.__name__}:{row.code}", row.name)

    def of(self, model: type[Any], code: str) -> str:
        return self._known.get(f"{model.__name__}:{code}", code)


def parameter_name(parameter: str) -> str:
    column = _COLUMNS.get(parameter, parameter)
    return str(LoanRule._meta.get_field(column).verbose_name)  # type: ignore[union-attr] # noqa: SLF001


def finding_text(finding: Finding, *, names: Names) -> str:
    """What is the matter with which rows, and what to do next."""
    first = finding.rules[0] if finding.rules else ""
    others = ", ".join(finding.rules[1:])
    if finding.kind == FindingKind.GAP:
        return _(
            "No rule says “%(parameter)s” for %(material)s of %(owner)s lent to “%(category)s” "
            "at %(places)s. Add a rule for this owner, or one for the whole network."
        ) % {
            "parameter": parameter_name(finding.parameter),
            "material": names.of(MaterialType, finding.material),
            "owner": names.of(Agency, finding.owner),
            "category": names.of(PatronCategory, finding.category),
            "places": _places(finding, names=names),
        }
    if finding.kind == FindingKind.CONFLICT:
        text = (
            _(
                "Rules %(one)s and %(other)s speak of the same and say “%(parameter)s” "
                "differently: %(first)s and %(second)s. Correct one, or end it."
            )
            if finding.severity == Severity.ERROR
            else _(
                "Rules %(one)s and %(other)s speak of the same and say “%(parameter)s” "
                "differently: %(first)s and %(second)s. The one that begins later holds; "
                "end the earlier one."
            )
        )
        return text % {
            "one": first,
            "other": others,
            "parameter": parameter_name(finding.parameter),
            "first": finding.values[0],
            "second": finding.values[1],
        }
    if finding.kind == FindingKind.UNREACHABLE:
        return _(
            "Rule %(rule)s never decides anything: %(others)s come before it everywhere. "
            "Remove it, or make it more specific."
        ) % {"rule": first, "others": others or "—"}
    texts = {
        FindingKind.NOWHERE: _(
            "Rule %(rule)s fits nothing in the network: no such copies, readers or branches. "
            "Check its keys; it may wait for what is still to come."
        ),
        FindingKind.IMPOSSIBLE: _(
            "Rule %(rule)s can never hold: its dates or its institution and branch exclude "
            "each other. Correct them."
        ),
        FindingKind.ENDED: _("Rule %(rule)s has ended. Nothing to do; it explains old loans."),
    }
    return texts[finding.kind] % {"rule": first}


def change_text(change: Change) -> str:
    """Before and after of one event, in words."""
    if change.kind == ChangeKind.NEWLY_REFUSED:
        return code_text(change.after)
    if change.kind == ChangeKind.NO_LONGER_REFUSED:
        return code_text(change.before)
    return f"{change.before} → {change.after}"


def refusal_text(code: str, rule: str) -> str:
    """Refusals of the past that the draft's rule would lift."""
    return _("refused by %(rule)s, perhaps no longer: %(why)s") % {
        "rule": rule,
        "why": code_text(code),
    }


def _places(finding: Finding, *, names: Names) -> str:
    shown = [names.of(Branch, code) for code in finding.places[:_SHOWN_PLACES]]
    if more := len(finding.places) - len(shown):
        shown.append(ngettext("%(n)d more", "%(n)d more", more) % {"n": more})
    return ", ".join(shown)
