"""What librarians decided about editions and works, in the admin; a decision can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.actions.resolve_match import undo_decision
from catalog.actions.resolve_work import undo_work_decision
from catalog.models import MatchDecision, WorkDecision
from library_net.api.problems import sentence
from library_net.errors import LibraryError
from library_net.scoped_admin import ScopedAdmin, who_decides


class _DecisionAdmin(ScopedAdmin):
    """Everything librarians decided; what was undone stays."""

    agency_paths = ("left__agency_id", "right__agency_id")
    list_display = ("left", "kind", "right", "reason", "decided_by", "decided_at", "undone_at")
    list_select_related = ("left", "right", "decided_by")
    list_filter = ("kind", ("undone_at", admin.EmptyFieldListFilter))
    ordering = ("-pk",)
    actions = ("undo",)
    take_back: Callable[..., object]
    taken_back: Any  # a lazy text

    @admin.action(description=_("Take the decision back"))
    def undo(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        acts = {decision.act: decision.pk for decision in queryset}
        for decision_id in acts.values():
            try:
                self.take_back(decision_id=decision_id, **who_decides(request))
            except LibraryError as error:
                messages.error(request, sentence(error.code, error.params))
            else:
                messages.success(request, str(self.taken_back))


@admin.register(MatchDecision)
class MatchDecisionAdmin(_DecisionAdmin):
    take_back = staticmethod(undo_decision)
    taken_back = _("Taken back; the matcher's verdict holds again.")


@admin.register(WorkDecision)
class WorkDecisionAdmin(_DecisionAdmin):
    take_back = staticmethod(undo_work_decision)
    taken_back = _("Taken back; what the records say holds again.")
