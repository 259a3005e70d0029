"""The signed rows of the simple ledger become postings; what another collected gets two sides."""

import uuid

from django.db import migrations
from django.db.models import Max

BATCH = 1000


def to_double_entry(apps, schema_editor):
    entries = apps.get_model("circulation", "LedgerEntry").objects
    changed, added = [], []
    # Rows added on the way must not be met again: the reading stops at the last old one.
    last = entries.aggregate(last=Max("pk"))["last"] or 0
    for row in entries.filter(pk__lte=last).order_by("pk").iterator(chunk_size=BATCH):
        row.transaction = uuid.uuid4()
        row.book_id = row.owner_id
        if row.kind == "overdue":
            row.debit, row.credit = "reader", "fees"
        else:
            is_waiver = row.kind == "waiver"
            row.debit, row.credit = "waived" if is_waiver else "cash", "reader"
            row.amount = -row.amount
            if not is_waiver and row.collector_id != row.owner_id:
                row.debit, row.other_id = "due_from", row.collector_id
                added.append(_collectors_side(row))
        changed.append(row)
        if len(changed) >= BATCH:
            _write(entries, changed, added)
            changed, added = [], []
    _write(entries, changed, added)


def to_signed_rows(apps, schema_editor):
    """Back: the collector's side goes, what lowers a debt is below zero again."""
    entries = apps.get_model("circulation", "LedgerEntry").objects
    changed, gone = [], []
    for row in entries.order_by("pk").iterator(chunk_size=BATCH):
        if row.book_id != row.owner_id or "reader" not in (row.debit, row.credit):
            gone.append(row.pk)
            continue
        if row.credit == "reader":
            row.amount = -row.amount
        row.debit = row.credit = ""
        row.other_id = None
        changed.append(row)
    for start in range(0, len(gone), BATCH):
        entries.filter(pk__in=gone[start : start + BATCH]).delete()
    entries.bulk_update(changed, ["debit", "credit", "amount", "other"], batch_size=100)


def _collectors_side(row):
    return type(row)(
        transaction=row.transaction,
        book_id=row.collector_id,
        debit="cash",
        credit="due_to",
        amount=row.amount,
        other_id=row.owner_id,
        patron_id=row.patron_id,
        owner_id=row.owner_id,
        collector_id=row.collector_id,
        kind=row.kind,
        operation_id=row.operation_id,
        at=row.at,
    )


def _write(entries, changed, added):
    names = ["transaction", "book", "debit", "credit", "amount", "other"]
    entries.bulk_update(changed, names, batch_size=100)
    entries.bulk_create(added)


class Migration(migrations.Migration):
    dependencies = [("circulation", "0007_two_sides_of_money")]

    operations = [migrations.RunPython(to_double_entry, to_signed_rows, elidable=True)]
