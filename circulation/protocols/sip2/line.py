"""One line to a terminal: the loop reads, a thread answers and mostly sends the answer itself.

A frame is asked of the pool as soon as it is whole and no other of this line is being answered, so
a conversation needs no lock of its own. The thread writes to a plain socket directly, which spares
waking the loop. What the socket does not take at once, and everything inside TLS, goes through the
loop; the next frame waits until it is out.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final

from circulation.protocols.sip2.conversation import Conversation
from circulation.protocols.sip2.framing import Framer, TooLong

log = logging.getLogger(__name__)
READ_BYTES: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one server process puts up with."""

    connections: int = 500
    connections_per_address: int = 100
    idle_s: float = 600
    log_in_s: float = 60  # a connection that says nothing sensible ends sooner
    answer_s: float = 30
    send_s: float = 20
    threads: int = 8

    @property
    def shortest_s(self) -> float:
        return min(self.idle_s, self.log_in_s, self.answer_s, self.send_s)


class Line(asyncio.Protocol):
    """Methods are the loop's, but for ``answer``; what both touch is under the lock."""

    def __init__(
        self,
        *,
        limits: Limits,
        asked: SimpleQueue[Line | None],
        admit: Callable[[Line, str], bool],
        leave: Callable[[Line, str], None],
    ) -> None:
        self._limits, self._asked = limits, asked
        self._admit, self._leave = admit, leave
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._framer = Framer()
        self._unread = b""  # not cut into frames yet
        self._frames: deque[bytes | TooLong] = deque()
        self._is_busy = False  # a frame is asked, or its answer is not out yet
        self._is_sending = False  # the line does not take the answer at once
        self._is_given_up = False  # whatever its thread says comes too late
        self._is_ending = False  # hang up after the last frame
        self._is_paused = False
        self._since = time.monotonic()  # the last thing that happened
        self._direct: socket.socket | None = None

    # --- the loop --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        self._talk = Conversation(address=self._address)
        if not self._admit(self, self._address):
            transport.abort()
            return
        transport.set_write_buffer_limits(high=0)  # told of everything that is not out at once
        line = transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if transport.get_extra_info("ssl_object") is None:
            self._direct = socket.socket(line.family, line.type, line.proto, line.fileno())
            self._direct.setblocking(False)

    def data_received(self, data: bytes) -> None:
        with self._lock:
            self._unread += data
            if not self._is_busy:
                self._since = time.monotonic()
                self._go_on()
            if len(self._unread) > READ_BYTES and not self._is_paused:
                self._is_paused = True
                self._transport.pause_reading()

    def eof_received(self) -> bool:
        with self._lock:
            self._is_ending = True
            is_busy = self._is_busy
        if not is_busy:
            self._hang_up()
        return self._direct is not None  # inside TLS there is no half of a line

    def pause_writing(self) -> None:
        self._is_sending = True

    def resume_writing(self) -> None:
        self._is_sending = False
        if not self._talk.is_over:
            self._sent()

    def connection_lost(self, error: Exception | None) -> None:
        with self._lock:
            if self._direct is not None:
                self._direct.detach()  # the transport closes it next
                self._direct = None
            if error is not None:
                self._forget()
        self._leave(self, self._address)

    def look_after(self) -> None:
        """Now and then: end what has waited for too long."""
        quiet, patience = time.monotonic() - self._since, self._limits
        if self._transport.is_closing() or self._is_sending:
            if quiet > patience.send_s:
                self._transport.abort()
        elif self._is_busy:
            if quiet > patience.answer_s:
                self._give_up()
        elif quiet > (patience.idle_s if self._talk.profile else patience.log_in_s):
            self._hang_up()

    def end(self) -> None:
        """We are going: what is being answered is still sent."""
        with self._lock:
            self._forget()
            self._is_ending = True
            is_busy = self._is_busy
        if not is_busy:
            self._hang_up()

    def cut(self) -> None:
        self._transport.abort()

    def _give_up(self) -> None:
        with self._lock:
            if not self._is_busy or self._is_given_up:
                return
            self._is_given_up = True
        log.warning("SIP2: an answer took longer than %s s", self._limits.answer_s)
        self._talk.is_over = True  # its thread may still hold the conversation
        self._send(self._talk.cannot_answer(self._asking))

    def _send(self, reply: bytes) -> None:
        """What the thread did not send, and the end of what comes after it."""
        if self._transport.is_closing():
            if not self._talk.is_over:
                self._sent()  # nobody listens, but what was asked was asked
            return
        self._since = time.monotonic()
        self._transport.write(reply)
        if self._talk.is_over:
            self._hang_up()
        elif not self._is_sending:
            self._sent()

    def _sent(self) -> None:
        with self._lock:
            self._go_on()

    def _hang_up(self) -> None:
        self._since = time.monotonic()
        self._transport.close()  # sends first what is still to send

    def _resume(self) -> None:
        with self._lock:
            if self._is_paused and not self._transport.is_closing():
                self._transport.resume_reading()
            self._is_paused = False

    # --- both, with the lock held ----------------------------------------------------------------

    def _go_on(self) -> None:
        """Ask for the next frame, if there is one."""
        while not self._frames and self._unread:
            data, self._unread = self._unread[:READ_BYTES], self._unread[READ_BYTES:]
            self._frames.extend(self._framer.feed(data))
        self._is_busy = bool(self._frames)
        self._since = time.monotonic()
        if self._frames:
            self._asking = self._frames.popleft()
            self._asked.put(self)
        elif self._is_ending:
            self._loop.call_soon_threadsafe(self._hang_up)
        if self._is_paused and not self._unread:
            self._loop.call_soon_threadsafe(self._resume)

    def _forget(self) -> None:
        self._frames.clear()
        self._unread = b""

    # --- a thread of the pool --------------------------------------------------------------------

    def answer(self) -> None:
        """Answer the frame that is asked, send it, and ask for the next."""
        if self._is_given_up:
            return
        try:
            reply = self._talk.hear(self._asking)
        except Exception as error:  # noqa: BLE001 - the thread serves others
            # Without the message of the error, which could quote what was scanned.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("SIP2: %s\n%s", type(error).__name__, where)  # noqa: TRY400
            reply, self._talk.is_over = b"", True
        with self._lock:
            if self._is_given_up:
                return
            rest = self._send_directly(reply)
            if not rest and not self._talk.is_over:
                self._go_on()
                return
        self._loop.call_soon_threadsafe(self._send, rest)

    def _send_directly(self, reply: bytes) -> bytes:
        """What the socket did not take; an error the loop will meet as well."""
        if self._direct is None:
            return reply
        try:
            return reply[self._direct.send(reply) :]
        except OSError:
            return reply
