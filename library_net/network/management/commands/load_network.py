"""``manage.py load_network FILE``: read institutions and branches; safe to repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from library_net.api.problems import sentence
from library_net.errors import LibraryError
from library_net.network.importer import load_network


class Command(BaseCommand):
    help = "Read a network file (CSV): institutions, branches, coordinates, population."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, file: Path, **_options: Any) -> None:
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                outcome = load_network(lines)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except LibraryError as error:
            raise CommandError(sentence(error.code, error.params)) from error
        for line, code, params in outcome.errors:
            self.stderr.write(f"{file.name}:{line}: {sentence(code, params)}")
        self.stdout.write(
            _("%(agencies)d new institutions, %(branches)d new branches, %(routes)d new routes")
            % {
                "agencies": outcome.agencies,
                "branches": outcome.branches,
                "routes": outcome.routes,
            }
        )
        if outcome.errors:
            raise CommandError(_("%d rows could not be used; see above.") % len(outcome.errors))
