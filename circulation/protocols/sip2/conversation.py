"""One connection: who is there, what was said last, and one answer for each frame.

Bytes in, bytes out. The socket is elsewhere; the database is reached through the answers only.
A frame never raises: whatever it holds, the terminal gets a well-formed message or a goodbye.
"""

from __future__ import annotations

import hashlib
import logging
import traceback
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone, translation

from circulation.protocols.sip2 import answers
from circulation.protocols.sip2.asking import Ask, Memory, refusal, try_later, words
from circulation.protocols.sip2.codes import LANGUAGES
from circulation.protocols.sip2.framing import (
    CR,
    Frame,
    TooLong,
    ask_again,
    close_frame,
    open_frame,
)
from circulation.protocols.sip2.messages import Message, ProtocolError, build, parse
from circulation.readers.terminals import Profile, known_address, log_in, look_again
from library_net.errors import LibraryError

log = logging.getLogger(__name__)
MOST_BAD_FRAMES: Final = 20
MOST_BAD_LOGINS: Final = 3
LOOK_AGAIN_AFTER: Final = timedelta(seconds=60)
NOT_FOR_THIS_TERMINAL: Final = "sip2_not_allowed"
LOG_IN_FIRST: Final = "sip2_log_in_first"


class Conversation:
    """The state of one connection."""

    def __init__(self, *, address: str = "") -> None:
        self.address = address
        self.profile: Profile | None = None
        self.is_over = False  # say the last answer, then hang up
        self._looked_at = datetime.min.replace(tzinfo=UTC)
        self._asked_address = False
        self._bad_frames = self._bad_logins = 0
        self._memory = Memory()
        self._last_frame = b""  # a digest: the frame may hold the number of an ID card
        self._last_reply = b""

    @property
    def end(self) -> bytes:
        return self.profile.end if self.profile else CR

    def hear(self, frame: bytes | TooLong) -> bytes:
        """The bytes to send back; empty when there is nothing to say."""
        now = timezone.now()
        if isinstance(frame, TooLong):
            return self._say_again()
        opened = open_frame(frame)
        digest = hashlib.blake2b(frame).digest()
        # The same number and words at once, or message 97: the line ate our answer.
        is_repeat = opened.sequence and digest == self._last_frame
        if self._last_reply and (opened.body == b"97" or is_repeat) and opened.is_sound:
            return self._last_reply
        message = self._understand(opened)
        if message is None:
            return self._say_again()
        said, is_final = self._answer(message, opened, now=now)
        self._bad_frames = 0
        reply = self._frame(said, sequence=opened.sequence)
        if is_final:
            self._last_frame, self._last_reply = digest, reply
        return reply

    def cannot_answer(self, frame: bytes | TooLong) -> bytes:
        """The answer to a frame that took too long: try later."""
        if isinstance(frame, TooLong):
            return self._say_again()
        opened = open_frame(frame)
        message = self._understand(opened)
        if message is None:
            return self._say_again()
        said = self._try_later(message, now=timezone.now())
        return self._frame(said, sequence=opened.sequence)

    def _understand(self, frame: Frame) -> Message | None:
        """The request in a sound frame, if it is one we know."""
        if not frame.is_sound:
            return None
        try:
            message = parse(frame.body.decode(self._encoding, errors="replace"))
        except ProtocolError:
            return None
        return message if message.code in answers.UNDERSTOOD and message.code != "97" else None

    def _frame(self, message: Message, *, sequence: str) -> bytes:
        text = build(message).encode(self._encoding, errors="replace")
        return close_frame(text, sequence=sequence, end=self.end)

    @property
    def _encoding(self) -> str:
        return self.profile.encoding if self.profile else "utf-8"

    def _answer(self, message: Message, frame: Frame, *, now: datetime) -> tuple[Message, bool]:
        """The answer, and whether it is the final one: "try later" is not."""
        with _speaking(self._language(message)):
            for attempt in (1, 2):
                try:
                    return self._answer_once(message, frame, now=now), True
                except (DatabaseError, InterfaceError) as error:
                    # The server of the database was restarted: its old connections are dead, a
                    # new one may work. Repeating is safe, every act has its operation id.
                    connection.close()
                    log.warning("SIP2 %s: %s (try %d)", message.code, type(error).__name__, attempt)
                except LibraryError as error:  # busy: others were faster, or nobody answers
                    connection.close()
                    log.warning("SIP2 %s: %s", message.code, error.code)
                    break
                except Exception as error:  # noqa: BLE001 - the outermost loop of a server
                    # Without the message of the error, which could quote what was scanned.
                    where = "".join(traceback.format_tb(error.__traceback__))
                    log.error("SIP2 %s: %s\n%s", message.code, type(error).__name__, where)  # noqa: TRY400
                    break
            return self._try_later(message, now=now), False

    def _answer_once(self, message: Message, frame: Frame, *, now: datetime) -> Message:
        if message.code == "93":
            return self._log_in(message, now=now)
        if message.code == "99":  # "are you there" asks for the records too, not for us alone
            self._looked_at = datetime.min.replace(tzinfo=UTC)
        profile = self._current_profile(now)
        if profile is None:
            self._bad_logins += 1
            self.is_over = self._bad_logins >= MOST_BAD_LOGINS
            said = try_later(message, agency="", now=now)
            fields = [(tag, value) for tag, value in said.fields if tag != "AF"]
            text = words(LibraryError(LOG_IN_FIRST))
            return Message(code=said.code, fixed=said.fixed, fields=(*fields, ("AF", text)))
        ask = Ask(
            message=message,
            body=frame.body,
            sequence=frame.sequence,
            profile=profile,
            memory=self._memory,
            now=now,
        )
        allowed = profile.allowed
        if allowed is not None and message.code not in allowed | {"99"}:
            return refusal(ask, words(LibraryError(NOT_FOR_THIS_TERMINAL)))
        return answers.HANDLERS[message.code](ask)

    def _log_in(self, message: Message, *, now: datetime) -> Message:
        found = log_in(login=message.get("CN").strip(), password=message.get("CO"))
        if found is None:
            self._bad_logins += 1
            self.is_over = self._bad_logins >= MOST_BAD_LOGINS
            log.warning("SIP2 log-in refused, from %s", self.address)
            return Message(code="94", fixed={"ok": "0"})
        self.profile, self._looked_at, self._bad_logins = found, now, 0
        return Message(code="94", fixed={"ok": "1"})

    def _current_profile(self, now: datetime) -> Profile | None:
        """Whoever logged in, as long as that terminal is active; else a known address."""
        if self.profile is not None and now - self._looked_at > LOOK_AGAIN_AFTER:
            self.profile, self._looked_at = look_again(self.profile), now
        if self.profile is None and not self._asked_address:
            self.profile = known_address(self.address)
            self._asked_address, self._looked_at = True, now
        return self.profile

    def _try_later(self, message: Message, *, now: datetime) -> Message:
        return try_later(message, agency=self.profile.agency if self.profile else "", now=now)

    def _language(self, message: Message) -> str:
        asked = LANGUAGES.get(message.fixed.get("language", ""))
        return asked or (self.profile.language if self.profile else "zh-hans")

    def _say_again(self) -> bytes:
        self._bad_frames += 1
        self.is_over = self._bad_frames >= MOST_BAD_FRAMES
        return ask_again(end=self.end)


def _speaking(language: str) -> AbstractContextManager[None]:
    """The language of one answer; mostly the thread speaks it already."""
    if translation.get_language() == language:
        return nullcontext()
    return translation.override(language)
