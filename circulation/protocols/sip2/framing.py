"""From a stream of bytes to frames, and the checksum that guards each.

SIP 2.00: a frame ends with CR. Some machines send CR LF, some LF alone, some a NUL between two
frames. All of it is counted in bytes, before anything is decoded.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

MAX_FRAME_BYTES: Final = 4096
CR, LF = b"\r", b"\n"
_ENDS: Final = re.compile(rb"[\r\n]")
_BETWEEN: Final = b"\x00 \r\n"
_TRAILER: Final = re.compile(rb"(?:AY([0-9])\|?)?(?:AZ([0-9A-Fa-f]{4}))?\|?\Z")
_LONGEST_TRAILER: Final = len(b"AY0|AZ0000|")


class TooLong:
    """A frame beyond the limit; its bytes are gone."""


class Framer:
    """Cuts what a socket gives into frames, keeping at most one unfinished frame in memory."""

    def __init__(self, *, limit: int = MAX_FRAME_BYTES) -> None:
        self._limit = limit
        self._rest = b""
        self._is_skipping = False

    def feed(self, data: bytes) -> list[bytes | TooLong]:
        """The frames that end in these bytes, without their ends; empty ones are dropped."""
        *complete, self._rest = _ENDS.split(self._rest + data)
        found: list[bytes | TooLong] = []
        for frame in complete:
            if self._is_skipping:
                self._is_skipping = False  # the end of what was too long: told already
            elif len(frame) > self._limit:
                found.append(TooLong())
            elif stripped := frame.strip(_BETWEEN):
                found.append(stripped)
        if len(self._rest) > self._limit:
            self._rest = b""
            if not self._is_skipping:
                found.append(TooLong())
            self._is_skipping = True
        return found


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame without its trailer."""

    body: bytes
    sequence: str = ""  # one digit; empty: the terminal does no error detection
    is_sound: bool = True  # the checksum, where there is one, fits


def checksum(data: bytes) -> str:
    """SIP 2.00 appendix: the two's complement of the sum of all bytes through ``AZ``, in hex.

    >>> checksum(b"9900302.00AY1AZ")
    'FCA5'
    """
    return f"{-sum(data) & 0xFFFF:04X}"


def open_frame(frame: bytes) -> Frame:
    """Take the trailer off and check it.

    >>> open_frame(b"9900302.00AY1AZFCA5")
    Frame(body=b'9900302.00', sequence='1', is_sound=True)
    """
    match = _TRAILER.search(frame, max(0, len(frame) - _LONGEST_TRAILER))
    if match is None or match.start() == len(frame):
        return Frame(body=frame)
    sequence, given = match.groups()
    is_sound = given is None or checksum(frame[: match.start(2)]) == given.decode().upper()
    return Frame(
        body=frame[: match.start()],
        sequence=sequence.decode() if sequence else "",
        is_sound=is_sound,
    )


def close_frame(body: bytes, *, sequence: str, end: bytes = CR) -> bytes:
    r"""Put the trailer on: with a sequence number also the checksum, else neither.

    >>> close_frame(b"98", sequence="3")
    b'98AY3AZFE27\r'
    """
    if not sequence:
        return body + end
    guarded = body + b"AY" + sequence.encode() + b"AZ"
    return guarded + checksum(guarded).encode() + end


def ask_again(*, end: bytes = CR) -> bytes:
    """Message 96, "please send that again": it bears no sequence number, but a checksum."""
    return b"96AZ" + checksum(b"96AZ").encode() + end
