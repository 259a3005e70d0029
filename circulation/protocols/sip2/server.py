"""The sockets: asyncio reads, a pool of threads answers.

A slow database slows answers down and never the reading; a dead one turns them into "try later".
Nothing here knows what a message means. The lines themselves are in ``line.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections import Counter
from queue import SimpleQueue
from typing import Final, Self

from django.db import connections

from circulation.protocols.sip2.line import Limits, Line
from circulation.protocols.sip2.share import Share

log = logging.getLogger(__name__)
GOODBYE_S: Final = 5
LOOK_EVERY_S: Final = 1
COURTESY_S: Final = 0.2  # for another process to take the line; it may be busy, or gone


class Server:
    """``async with Server(…) as server`` listens; leaving it says goodbye to everybody."""

    def __init__(
        self,
        *,
        listening: socket.socket,
        limits: Limits,
        tls: ssl.SSLContext | None = None,
        share: Share | None = None,
    ) -> None:
        """``share`` is among the processes that listen on the socket."""
        self._listening, self._limits, self._tls = listening, limits, tls
        self._share = share or Share()
        self._asked: SimpleQueue[Line | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._answer, name=f"sip2-{number}", daemon=True)
            for number in range(limits.threads)
        ]
        self._by_address: Counter[str] = Counter()
        self._open: set[Line] = set()
        self._arriving: set[asyncio.Task[None]] = set()
        self._has_waited = False  # for another process to take the line
        self._watch: asyncio.Task[None] | None = None
        self._is_empty = asyncio.Event()

    async def __aenter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        loop = asyncio.get_running_loop()
        self._listen()
        self._watch = loop.create_task(self._look_after())
        return self

    async def __aexit__(self, *_failure: object) -> None:
        """Stop listening, let running answers be sent, close every connection."""
        asyncio.get_running_loop().remove_reader(self._listening)
        self._listening.close()
        for arriving in self._arriving:
            arriving.cancel()
        self._is_empty.clear()
        for line in list(self._open):
            line.end()
        if self._open:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_empty.wait(), GOODBYE_S)
        if self._watch is not None:
            self._watch.cancel()
        for line in list(self._open):
            line.cut()
        await asyncio.sleep(0)  # each is told that it is gone
        for _thread in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join()

    def _listen(self) -> None:
        if self._listening.fileno() >= 0:  # not closed meanwhile
            asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        """Take one line that waits, unless another process has fewer."""
        if self._share.is_full and not self._has_waited:
            self._has_waited = True
            self._listen_again(after_s=COURTESY_S)
            return
        self._has_waited = False
        try:
            line, _address = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return  # another process has it, or it is gone
        except OSError as error:
            log.error("SIP2: no line can be taken: %s", error)  # noqa: TRY400
            self._listen_again(after_s=LOOK_EVERY_S)
            return
        line.setblocking(False)
        arriving = asyncio.get_running_loop().create_task(self._take(line))
        self._arriving.add(arriving)
        arriving.add_done_callback(self._arrived)
        self._count()

    def _listen_again(self, *, after_s: float) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening)
        loop.call_later(after_s, self._listen)

    async def _take(self, line: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(self._line, line, ssl=self._tls)
        except (OSError, TimeoutError) as error:
            log.info("SIP2: a line did not come about: %s", error)
            line.close()

    def _arrived(self, arriving: asyncio.Task[None]) -> None:
        self._arriving.discard(arriving)
        self._count()

    def _count(self) -> None:
        self._share.note(len(self._open) + len(self._arriving))

    def _line(self) -> Line:
        return Line(limits=self._limits, asked=self._asked, admit=self._admit, leave=self._leave)

    def _admit(self, line: Line, address: str) -> bool:
        limits = self._limits
        self._open.add(line)
        self._by_address[address] += 1
        is_full = (
            len(self._open) > limits.connections
            or self._by_address[address] > limits.connections_per_address
        )
        if is_full:
            log.warning("SIP2: too many connections, %s is turned away", address)
        return not is_full

    def _leave(self, line: Line, address: str) -> None:
        self._open.discard(line)
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
        if not self._open:
            self._is_empty.set()
        self._count()

    async def _look_after(self) -> None:
        """End who is silent for too long, and who waits for too long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(LOOK_EVERY_S, self._limits.shortest_s / 4))
            for line in list(self._open):
                loop.call_soon(line.look_after)

    def _answer(self) -> None:
        """One thread of the pool."""
        try:
            while (line := self._asked.get()) is not None:
                line.answer()
        finally:
            connections.close_all()


def listen(*, host: str, port: int) -> socket.socket:
    """A listening socket, ready to be shared by worker processes; port 0 picks a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(256)
    listening.setblocking(False)
    return listening


def tls_context(*, certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # An encrypted key fails instead of asking a terminal nobody sits at.
    context.load_cert_chain(certificate, key or None, password=b"")
    return context
