"""`manage.py follow_index`: the search index of this node follows the database."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from rich.progress import Progress

from catalog.search.follow import Follower, follow_until, rebuild
from catalog.search.index import SearchIndex, shared_index


class Command(BaseCommand):
    help = "Keep this node's search index up to date with the database (runs until stopped)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="build a new index from the database, switch to it and end; search goes on",
        )
        parser.add_argument(
            "--once", action="store_true", help="catch up with the database and end"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        index = shared_index(settings.SEARCH_INDEX_PATH)
        if options["rebuild"]:
            count = self._rebuild(index)
            self.stdout.write(_("The search index holds %(count)d works.") % {"count": count})
        elif options["once"]:
            follower = Follower(index)
            while follower.once():
                pass
            index.close()
        else:
            self._follow()

    def _rebuild(self, index: SearchIndex) -> int:
        with Progress() as bar:
            task = bar.add_task(_("Reading works"), total=None)
            return rebuild(
                index, progress=lambda done, total: bar.update(task, completed=done, total=total)
            )

    def _follow(self) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        follow_until(stopping, index_path=settings.SEARCH_INDEX_PATH)
