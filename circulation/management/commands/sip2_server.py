"""``manage.py sip2_server``: self-service machines borrow and return over SIP2."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from circulation.protocols.sip2.line import Limits
from circulation.protocols.sip2.server import Server, listen, tls_context
from circulation.protocols.sip2.share import Share

log = logging.getLogger(__name__)
PARENT_CHECK_S = 2
SWITCH_S = 0.0005  # the loop waits for a busy answer this long at most, not ten times as long


class Command(BaseCommand):
    help = "Answer SIP2 terminals (docs/sip2.md). Ctrl-C or SIGTERM ends it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.SIP2_HOST)
        parser.add_argument("--port", type=int, default=settings.SIP2_PORT)
        parser.add_argument(
            "--workers", type=int, default=1, help="processes that share the port (PostgreSQL)"
        )
        parser.add_argument("--threads", type=int, default=8, help="answers at once, a process")

    def handle(self, *_args: Any, **options: Any) -> None:
        tls = _tls()
        listening = listen(host=options["host"], port=options["port"])
        limits = Limits(
            connections=settings.SIP2_CONNECTIONS,
            connections_per_address=settings.SIP2_CONNECTIONS_PER_ADDRESS,
            idle_s=settings.SIP2_IDLE_S,
            threads=options["threads"],
        )
        host, port = listening.getsockname()[:2]
        self.stdout.write(f"SIP2 on {host}:{port}", ending="\n")
        self.stdout.flush()
        if options["workers"] > 1:
            _share(listening, limits=limits, tls=tls, workers=options["workers"])
        else:
            asyncio.run(_serve(listening, limits=limits, tls=tls))


def _tls() -> ssl.SSLContext | None:
    """Raises ``CommandError`` when certificate and key cannot be used."""
    if not settings.SIP2_TLS_CERT:
        return None
    try:
        return tls_context(certificate=settings.SIP2_TLS_CERT, key=settings.SIP2_TLS_KEY)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        message = (
            "LIBRARY_NET_SIP2_TLS_CERT and LIBRARY_NET_SIP2_TLS_KEY must name a certificate and "
            f"its key, both PEM and without a password: {error}"
        )
        raise CommandError(message) from error


async def _serve(
    listening: socket.socket,
    *,
    limits: Limits,
    tls: ssl.SSLContext | None,
    share: Share | None = None,
    parent: int = 0,
) -> None:
    """Until a signal comes, or the parent is gone without one."""
    sys.setswitchinterval(SWITCH_S)
    over = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, over.set)
    async with Server(listening=listening, limits=limits, tls=tls, share=share):
        while not over.is_set() and (not parent or os.getppid() == parent):
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), PARENT_CHECK_S if parent else None)


def _share(
    listening: socket.socket, *, limits: Limits, tls: ssl.SSLContext | None, workers: int
) -> None:
    """Child processes on one socket; one that dies is replaced, and all end with the parent."""
    children: dict[int, int] = {}  # process id and number
    share = Share(workers)
    is_over = False

    def end(*_signal: object) -> None:
        nonlocal is_over
        is_over = True
        for child in children:
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    while not is_over or children:
        while not is_over and len(children) < workers:
            number = min(set(range(workers)).difference(children.values()))
            share.become(number)
            children[_fork(listening, limits=limits, tls=tls, share=share)] = number
        try:
            died, status = os.wait()
        except InterruptedError:  # pragma: no cover - Python retries by itself
            continue
        except ChildProcessError:
            break
        children.pop(died, None)
        if not is_over:
            log.error("SIP2 worker %s ended with %s; starting another", died, status)
            time.sleep(1)


def _fork(
    listening: socket.socket, *, limits: Limits, tls: ssl.SSLContext | None, share: Share
) -> int:
    """Nothing has been opened yet but the socket, so a child inherits nothing else."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        asyncio.run(_serve(listening, limits=limits, tls=tls, share=share, parent=parent))
        code = 0
    finally:
        os._exit(code)
