"""Steps of forgetting: who stands in for a reader who is gone, and scrubbing what named her."""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps
from django.db import models
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from circulation.models import Operation, Patron, PatronCategory, PatronMerge
from circulation.readers.privacy import NOBODY
from library_net.network.models import Agency

# What a remembered answer becomes: whoever asks again is told that it is no longer kept.
FORGOTTEN: Final[dict[str, Any]] = {
    "answer": {"code": "forgotten", "params": {}},
    "was_refused": True,
}


def nobody() -> Patron:
    """The blocked record that stands behind requests and traces of readers who are gone."""
    row = Patron.objects.filter(number=NOBODY).first()
    if row is not None:
        return row
    agency = Agency.objects.filter(parent=None).order_by("pk").first()
    category = PatronCategory.objects.order_by("pk").first()
    assert agency is not None
    assert category is not None
    row, _is_new = Patron.objects.get_or_create(
        number=NOBODY,
        defaults={
            "name": "—",
            "category": category,
            "registered_at_agency": agency,
            "is_blocked": True,
            "created_at": timezone.now(),
        },
    )
    return row


def scrub_texts(number: str) -> int:
    """Take a reader's number out of every JSON value of circulation; answers how many rows."""
    count = 0
    for model in apps.get_app_config("circulation").get_models():
        fields = [f.name for f in model._meta.fields if isinstance(f, models.JSONField)]  # noqa: SLF001
        if model is PatronMerge:
            continue
        for name in fields:
            rows = model._base_manager.annotate(_text=Cast(name, TextField()))  # noqa: SLF001
            for row in rows.filter(_text__contains=number):
                value = without(getattr(row, name), number)
                model._base_manager.filter(pk=row.pk).update(**{name: value})  # noqa: SLF001
                count += 1
    return count


def without(value: Any, text: str) -> Any:
    """The same JSON value with this text blanked wherever it stands."""
    if isinstance(value, dict):
        return {key: without(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [without(inner, text) for inner in value]
    return value.replace(text, "") if isinstance(value, str) else value


def forget_caller(user_id: int) -> int:
    """Operations under a reader's log-in say no longer whose it was."""
    count = 0
    rows = Operation.objects.filter(caller=f"user:{user_id}").only("pk")
    for row in rows:
        count += Operation.objects.filter(pk=row.pk).update(caller=f"gone:{row.pk}", **FORGOTTEN)
    return count
