"""Which rows follow a reader when two records of one person are joined, and how they go back.

Every relation to ``Patron`` moves unless it is listed in ``STAYS``: a table that is added later is
joined without anybody thinking of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.db import IntegrityError, models, transaction

from circulation.models import Patron

Moved = dict[str, list[Any]]

# The trace of who looked at which record, and of the joining itself, is of the record.
STAYS: Final = {
    "circulation.accesslog.patron",
    "circulation.patronmerge.kept",
    "circulation.patronmerge.absorbed",
    "circulation.signincode.patron",
}


def relations() -> Iterator[tuple[str, Any, str]]:
    """Every column that names a reader: its key, its model and its name."""
    for relation in Patron._meta.get_fields(include_hidden=True):  # noqa: SLF001
        if isinstance(relation, models.ForeignObjectRel):
            model, field = relation.related_model, relation.field.name
            yield f"{model._meta.label_lower}.{field}", model, field  # noqa: SLF001


def move_rows(*, source: Patron, target: Patron) -> Moved:
    """Everything of one reader to the other; answers which rows, by relation.

    A row that would break a constraint (both have the same guardian) stays with its record.
    """
    moved: Moved = {}
    for key, model, field in relations():
        if key in STAYS:
            continue
        ids = list(model._base_manager.filter(**{field: source}).values_list("pk", flat=True))  # noqa: SLF001
        if done := _repoint(model, field, ids, target=target):
            moved[key] = done
    return moved


def move_back(moved: Moved, *, source: Patron, target: Patron) -> Moved:
    """The same rows to where they came from, where they still are with the other reader."""
    returned: Moved = {}
    for key, model, field in relations():
        rows = model._base_manager.filter(**{field: source, "pk__in": moved.get(key, [])})  # noqa: SLF001
        ids = list(rows.values_list("pk", flat=True))
        if done := _repoint(model, field, ids, target=target):
            returned[key] = done
    return returned


def _repoint(model: type[models.Model], field: str, ids: list[Any], *, target: Patron) -> list[Any]:
    if not ids:
        return []
    rows = model._base_manager.filter(pk__in=ids)  # noqa: SLF001
    try:
        with transaction.atomic():
            rows.update(**{field: target})
    except IntegrityError:
        return [pk for pk in ids if _repoint_one(rows.filter(pk=pk), field, target=target)]
    return ids


def _repoint_one(row: models.QuerySet[Any], field: str, *, target: Patron) -> bool:
    try:
        with transaction.atomic():
            return row.update(**{field: target}) == 1
    except IntegrityError:
        return False
