"""The sockets: asyncio reads and writes, a pool of threads answers.

A slow database slows answers down and never the reading; a dead one turns them into "try later".
Nothing here knows what a message means.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Self

from django.db import connections

from circulation.protocols.sip2.conversation import Conversation
from circulation.protocols.sip2.framing import Framer, TooLong

log = logging.getLogger(__name__)
READ_BYTES: Final = 8192
SEND_TIMEOUT_S: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one server process puts up with."""

    connections: int = 500
    connections_per_address: int = 100
    idle_s: float = 600
    log_in_s: float = 60  # a connection that says nothing sensible ends sooner
    answer_s: float = 30
    threads: int = 8


class Server:
    """``async with Server(…) as server`` listens; leaving it says goodbye to everybody."""

    def __init__(
        self, *, listening: socket.socket, limits: Limits, tls: ssl.SSLContext | None = None
    ) -> None:
        self._listening, self._limits, self._tls = listening, limits, tls
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="sip2")
        self._by_address: Counter[str] = Counter()
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, sock=self._listening, ssl=self._tls)
        return self

    async def __aexit__(self, *_failure: object) -> None:
        """Stop listening, let running answers be sent, close every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        closing = [self._pool.submit(connections.close_all) for _ in range(self._limits.threads)]
        await asyncio.gather(*map(asyncio.wrap_future, closing), return_exceptions=True)
        self._pool.shutdown(wait=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        peer = writer.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        self._by_address[address] += 1
        try:
            if self._is_full(address):
                log.warning("SIP2: too many connections, %s is turned away", address)
                return
            if (line := writer.get_extra_info("socket")) is not None:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            await self._converse(reader, writer, Conversation(address=address))
        except (ConnectionError, TimeoutError, asyncio.CancelledError, ssl.SSLError):
            pass  # the terminal is gone, silent for too long, or we are going
        finally:
            self._by_address[address] -= 1
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(writer.wait_closed(), 1)

    def _is_full(self, address: str) -> bool:
        limits = self._limits
        return (
            len(self._open) > limits.connections
            or self._by_address[address] > limits.connections_per_address
        )

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, talk: Conversation
    ) -> None:
        framer = Framer()
        while not talk.is_over:
            patience = self._limits.idle_s if talk.profile else self._limits.log_in_s
            async with asyncio.timeout(patience):
                data = await reader.read(READ_BYTES)
            if not data:
                return
            for frame in framer.feed(data):
                writer.write(await self._answer(talk, frame))
                if writer.transport.get_write_buffer_size():  # the line does not take it at once
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        await writer.drain()
                if talk.is_over:
                    return

    async def _answer(self, talk: Conversation, frame: bytes | TooLong) -> bytes:
        """One at a time for each connection, so a conversation needs no lock."""
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._pool, talk.hear, frame)
        try:
            async with asyncio.timeout(self._limits.answer_s):
                return await asyncio.shield(work)
        except TimeoutError:
            log.warning("SIP2: an answer took longer than %s s", self._limits.answer_s)
            talk.is_over = True  # its thread may still hold the conversation
            return talk.cannot_answer(frame)


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
