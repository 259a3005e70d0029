"""``manage.py import_marc --agency CODE FILE…``: the pipeline of the REST door, from a shell."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from catalog.actions.ingest_chunk import ingest_chunk, waits_for
from catalog.actions.receive_batch import MODES, receive_batch
from catalog.models import Batch, BatchState, Reject
from catalog.models.feed import number_changes
from catalog.problems import note_on
from library_net.api.problems import sentence
from library_net.errors import LibraryError
from library_net.jobs.models import JobState
from library_net.network.models import Agency

PIECE = 256 * 1024
POLL_S = 0.5
EXAMPLES = 3
COUNTS = (
    "records",
    "created",
    "updated",
    "unchanged",
    "deleted",
    "quarantined",
    "repeated",
    "outdated",
    "merged",
    "items_created",
    "items_updated",
)


class Command(BaseCommand):
    help = "Read MARC files (ISO 2709 or MARCXML, gzipped or not) into the union catalogue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--agency", required=True, help="code of the institution")
        parser.add_argument("--mode", choices=MODES, default="delta")
        parser.add_argument("--sequence", type=int, default=0)
        parser.add_argument("--format", default="", help="marc21, cnmarc or unimarc")
        parser.add_argument("--encoding", default="", help="utf-8, gb18030, big5 or marc-8")

    def handle(self, *_args: Any, **options: Any) -> None:
        agency = Agency.objects.filter(code=options["agency"]).first()
        if agency is None:
            message = _("There is no institution with the code %s.") % options["agency"]
            raise CommandError(message)
        unreadable = [str(path) for path in options["files"] if not path.is_file()]
        if unreadable:
            raise CommandError(_("There is no such file: %s") % ", ".join(unreadable))
        if options["mode"] == "full" and len(options["files"]) > 1:
            raise CommandError(_("A full batch is one file: records of the others would be lost."))
        refused = [path for path in options["files"] if not self._import(path, agency, options)]
        number_changes()
        if refused:
            raise CommandError(_("Not read: %s") % ", ".join(path.name for path in refused))

    def _import(self, path: Path, agency: Agency, options: dict[str, Any]) -> bool:
        try:
            batch = receive_batch(
                agency=agency,
                content=_pieces(path),
                now=timezone.now(),
                mode=options["mode"],
                sequence=options["sequence"],
                file_name=path.name,
                format_hint=options["format"],
                encoding_hint=options["encoding"],
            )
        except LibraryError as error:
            self.stderr.write(f"{path.name}: {sentence(error.code, error.params)}")
            return False
        self._read(batch)
        batch.refresh_from_db()
        self._report(batch)
        return batch.state == BatchState.DONE

    def _read(self, batch: Batch) -> None:
        """Work through the batch here, or watch whoever was faster; earlier batches come first."""
        with _bar() as bar:
            task = bar.add_task(batch.file_name[-40:], total=batch.byte_count)
            while not _is_over(batch):
                first = waits_for(batch) or batch
                if not _work_on(first):
                    time.sleep(POLL_S)
                batch.refresh_from_db()
                bar.update(task, completed=batch.next_offset)

    def _report(self, batch: Batch) -> None:
        counts = {name: getattr(batch, name) for name in COUNTS}
        text = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        self.stdout.write(f"{batch.file_name}: {text or 'records 0'}")
        if note := note_on(batch):
            self.stdout.write(f"  {note}")
        rejects = Reject.objects.filter(batch=batch).defer("raw").order_by("position", "pk")
        by_code = Counter(rejects.values_list("code", flat=True))
        for code, count in by_code.most_common():
            self.stdout.write(f"  {count} x {code}")
            for reject in rejects.filter(code=code)[:EXAMPLES]:
                where = _("record %(position)d, byte %(offset)d") % {
                    "position": reject.position,
                    "offset": reject.offset,
                }
                self.stdout.write(f"    {where}: {sentence(code, reject.params)}")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )


def _is_over(batch: Batch) -> bool:
    if batch.job:
        batch.job.refresh_from_db()
    is_failed = batch.job is None or batch.job.state == JobState.FAILED
    return batch.state == BatchState.DONE or is_failed


def _work_on(batch: Batch) -> bool:
    """Take the batch and read it to its end; False when somebody else has it."""
    job = batch.job
    if job is None or not job.take(now=timezone.now()):
        return False
    while not ingest_chunk(batch_id=batch.pk, job=job, now=timezone.now()):
        pass
    return True
