"""``manage.py run_embedded``: the whole site in this one process, until Ctrl-C."""

from __future__ import annotations

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from library_net.embedded import EmbeddedSite

TRIES = 20


def open_site(*, host: str, port: int) -> EmbeddedSite:
    """The site on the port asked for, or on the next free one. Raises OSError when none is."""
    for candidate in range(port, port + TRIES) if port else [0]:
        try:
            return EmbeddedSite(host=host, port=candidate)
        except OSError as error:
            last = error
    raise last


def serve_until_stopped(site: EmbeddedSite) -> None:
    """Serve; SIGTERM ends it as cleanly as Ctrl-C does."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        site.serve()
    except KeyboardInterrupt:
        pass
    finally:
        # A second Ctrl-C must not cut the tidy stop short.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


class Command(BaseCommand):
    help = "Run web server, worker, beat and index follower in this process (SQLite, no Redis)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000, help="0 picks a free one")

    def handle(self, *_args: Any, host: str, port: int, **_options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError(
                _("LIBRARY_NET_BROKER_URL is set: start web server and workers as processes.")
            )
        try:
            site = open_site(host=host, port=port)
        except OSError as error:
            raise CommandError(
                _("No free port near %(port)d: %(error)s") % {"port": port, "error": error}
            ) from error
        with site:
            self.stdout.write(_("Library Net is at %s (Ctrl-C stops it).") % site.url)
            self.stdout.flush()
            serve_until_stopped(site)
        self.stdout.write(_("Stopped; everything is saved."))
