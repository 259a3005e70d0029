"""The root of every anticipated failure; it knows no HTTP, SIP2 or SRU.

A code and its parameters travel; each door turns them into words through its own total table
(`library_net/api/problems.py` for REST, portal and desk).
"""

from __future__ import annotations

from typing import Any


class LibraryError(Exception):
    """An anticipated refusal or failure: a code a machine can act on, and what it is about."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = str(code)
        self.params = params

    def __str__(self) -> str:
        details = ", ".join(f"{key}={value}" for key, value in self.params.items())
        return f"{self.code}({details})"


class Refused(LibraryError):  # noqa: N818 - a refusal is an answer, not a fault
    """A rule said no. ``reasons`` lists every rule that did, each a (code, params) pair."""

    def __init__(self, *, reasons: list[tuple[str, dict[str, Any]]]) -> None:
        code, params = reasons[0]
        super().__init__(code, **params)
        self.reasons = reasons
