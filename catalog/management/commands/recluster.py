"""``manage.py recluster``: match the catalogue anew after the matcher changed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.progress import Progress

from catalog.actions.recluster import recluster_chunk, start_recluster
from catalog.models import SourceRecord


class Command(BaseCommand):
    help = "Match every record that an older matcher matched; workers do it in the background."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--here", action="store_true", help="do it in this process and wait")
        parser.add_argument(
            "--all", action="store_true", help="also what the present matcher has matched already"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["all"]:
            SourceRecord.objects.update(matcher_version=0)
        job = start_recluster(now=timezone.now())
        if job is None:
            self.stdout.write(_("Every record is matched by the present matcher."))
            return
        if not options["here"]:
            self.stdout.write(_("Matching anew in the background (job %(job)d).") % {"job": job.pk})
            return
        if not job.take(now=timezone.now()):
            self.stdout.write(_("A worker is at it already (job %(job)d).") % {"job": job.pk})
            return
        with Progress() as bar:
            task = bar.add_task(_("Matching"), total=None)
            is_done = False
            while not is_done:
                is_done = recluster_chunk(job=job, now=timezone.now())
                bar.update(task, completed=job.done, total=job.total)
        self.stdout.write(_("Matched %(count)d records anew.") % {"count": job.done})
