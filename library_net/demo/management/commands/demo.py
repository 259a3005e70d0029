"""``manage.py demo``: build the sample world, do the main job live, leave the site running."""

from __future__ import annotations

import ipaddress
import json
import logging
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from library_net.demo.farewell import farewell
from library_net.demo.run import Plan, Run, told_before
from library_net.demo.stage import BOTH, CHINESE, ENGLISH, Stage
from library_net.demo.steps import ground
from library_net.demo.world import World, holds_other_data, reset
from library_net.embedded import EmbeddedSite

log = logging.getLogger(__name__)
PORTS_TO_TRY = 50


class Command(BaseCommand):
    help = "The sample world: three cities, one catalogue, one card. Ctrl-C stops it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="busy: the next free one")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--headless", action="store_true", help="print JSON and end")
        parser.add_argument("--marc", type=Path, metavar="FOLDER", help="load these files instead")
        parser.add_argument("--members", nargs="+", default=[], metavar="CODE", action="extend")
        parser.add_argument("--reset", action="store_true", help="forget everything first")
        parser.add_argument("--lang", choices=[BOTH, CHINESE, ENGLISH], default=BOTH)

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path | None = options["marc"]
        if folder is not None and not folder.is_dir():
            raise CommandError(gettext("%(folder)s is not a folder.") % {"folder": folder})
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
        stage = Stage(language=options["lang"], quiet=options["headless"])
        try:
            self._run(stage, options, folder=folder)
        except KeyboardInterrupt:
            stage.say(_("Saved and stopped."))

    def _run(self, stage: Stage, options: dict[str, Any], *, folder: Path | None) -> None:
        if options["reset"] or World().was_interrupted:
            if not options["reset"]:
                stage.say(_("The last start was cut short; the sample world is built anew."))
            reset()
        ground.migrate()
        world = World()
        self._check(world, folder=folder)
        plan = Plan(
            marc_folder=folder,
            members=tuple(options["members"]),
            is_loopback=is_loopback(options["host"]),
        )
        run = Run(stage=stage, world=world, plan=plan)
        run.prepare()
        host, port = options["host"], free_port(options["host"], options["port"])
        settings.SMS_TO_CONSOLE = True  # the demo sends no messages: codes appear right here
        with EmbeddedSite(host=host, port=port) as site:
            _be_quiet()
            site.serve_in_background()
            if options["headless"]:
                self._headless(run, url=site.url)
            else:
                self._play(run, url=site.url)
                farewell(run, url=site.url, is_other_port=site.port != options["port"])
                threading.Event().wait()

    def _check(self, world: World, *, folder: Path | None) -> None:
        if holds_other_data():
            raise CommandError(
                gettext(
                    "This database already holds data that is not the demo's. Point "
                    "LIBRARY_NET_DATA_DIR at an empty folder, or use --reset to lose it all."
                )
            )
        if folder is not None and world.is_done("records"):
            raise CommandError(
                gettext(
                    "The sample world is built already. Add --reset to build it from that folder."
                )
            )

    def _play(self, run: Run, *, url: str) -> bool:
        """Play what is left; a step that breaks is told and ends the story, not the site."""
        try:
            return run.play(url=url)
        except Exception as error:  # whatever it was, the summary must say which step broke
            log.debug("the story broke", exc_info=True)
            run.stage.say(_("The story ends here: %(why)s"), why=str(error))
            return True

    def _headless(self, run: Run, *, url: str) -> None:
        if self._play(run, url=url):
            summary = run.stage.summary()
        else:
            run.look_again()
            summary = {**told_before(run.world), "ok": run.stage.all_held, "played": False}
        sys.stdout.write(json.dumps(summary, ensure_ascii=False, default=str) + "\n")
        if not run.stage.all_held:
            raise SystemExit(1)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _be_quiet() -> None:
    """Refusals are part of the story, and the demo tells them itself."""
    for name in ("django.request", "kombu", "catalog", "circulation"):
        logging.getLogger(name).setLevel(logging.ERROR)


def is_loopback(host: str) -> bool:
    """Whether only this machine can knock."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def free_port(host: str, wanted: int) -> int:
    """The port asked for, or the next one that nobody listens on; 0 stays 0."""
    if wanted == 0:
        return 0
    for port in range(wanted, wanted + PORTS_TO_TRY):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise CommandError(gettext("No free port from %(port)s on.") % {"port": wanted})
