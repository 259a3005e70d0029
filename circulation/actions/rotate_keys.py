"""Seal and index everything anew under the newest key, while everybody works on (ID-29).

Keys are changed without a stop: (1) configure ``old,new``: every process can read both and fills
both index columns; (2) ``new,old``: new values are sealed under the new key; (3) ``manage.py
rotate_keys`` until it says that nothing is left; (4) configure ``new`` alone and run it once more,
which empties the old index.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.db import transaction
from django.db.models import Q

from circulation.models.patrons import Sealed
from library_net import vault

CHUNK: Final = 500
COLUMNS: Final = ("blind_index", "next_blind_index")


def sealed_models() -> list[Any]:
    """Every table that keeps a number sealed; a new one is found by itself."""
    return [model for model in apps.get_models() if issubclass(model, Sealed)]


def unsearchable_models() -> list[Any]:
    """Tables that seal something nobody looks for: no index, and few rows."""
    return [
        model
        for model in apps.get_models()
        if not issubclass(model, Sealed)
        and {"seal_id", "sealed"} <= {field.name for field in model._meta.fields}  # noqa: SLF001
    ]


def _under_other_keys(model: Any) -> Iterator[Any]:
    for row in model._base_manager.order_by("pk").iterator():  # noqa: SLF001
        if bytes(row.sealed)[:1] != bytes([vault.key_versions()[0]]):
            yield row


def rotate_keys(*, chunk: int = CHUNK) -> Iterator[int]:
    """One chunk after the other, each its own transaction; yields how many rows each changed.

    Stopped at any point and started again, it goes on with what is left. A row somebody else
    changed meanwhile is looked at again. Raises ``vault_key_missing``.
    """
    for model in sealed_models():
        last = 0
        while ids := list(
            _left(model).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:chunk]
        ):
            with transaction.atomic(durable=True):
                rows = model.objects.select_for_update().filter(pk__in=ids).order_by("pk")
                changed = sum(_rotate(row) for row in rows)
            last = ids[-1]
            yield changed
    for model in unsearchable_models():
        for row in list(_under_other_keys(model)):
            clear = vault.unseal(row.sealed, bound_to=str(row.seal_id))
            rows = model._base_manager.filter(pk=row.pk, sealed=row.sealed)  # noqa: SLF001
            yield rows.update(sealed=vault.seal(clear, bound_to=str(row.seal_id)))


def left_to_rotate() -> int:
    """How many rows are not yet as the configured keys want them. Queries: one a table."""
    found: int = sum(_left(model).count() for model in sealed_models())
    return found + sum(1 for model in unsearchable_models() for _row in _under_other_keys(model))


def _left(model: Any) -> Any:
    """Sealed under another key, or an index column empty that should be full, or the reverse."""
    versions = vault.key_versions()
    wrong = ~Q(key_version=versions[0])
    for parity, column in ((1, COLUMNS[0]), (0, COLUMNS[1])):
        is_used = any(version % 2 == parity for version in versions)
        wrong |= Q(**{f"{column}__isnull": is_used})
    return model.objects.filter(wrong)


def _rotate(row: Sealed) -> bool:
    clear = vault.unseal(row.sealed, bound_to=str(row.seal_id))
    text, purpose = row.index_source(clear)
    new = {
        "sealed": vault.seal(clear, bound_to=str(row.seal_id)),
        "key_version": vault.key_versions()[0],
        **vault.index_columns(text, purpose=purpose),
    }
    return bool(type(row)._default_manager.filter(pk=row.pk).update(**new))  # noqa: SLF001
