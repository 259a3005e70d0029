"""One-time codes that a reader's phone computes by itself, without a network (ID-20 to ID-22).

``LN1.<key>.<audience>.<seconds>.<nonce>.<signature>``: capitals, digits and dots only, so that a
code survives scanners, capital locks and QR's dense alphanumeric mode. Key and nonce are 80 random
bits in base 32, the signature is ECDSA P-256 (r and s) over everything before its dot. The
audience is the institution (``A12``) or the branch (``B34``) it may be shown at.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

PREFIX: Final = "LN1."
LIFETIME: Final = timedelta(seconds=60)
# How far a phone's clock may be off after it corrected itself by the server's at enrolment.
SKEW: Final = timedelta(seconds=30)
_FORM: Final = re.compile(
    r"LN1\.([A-Z2-7]{16})\.([AB])(\d{1,12})\.(\d{10})\.([A-Z2-7]{16})\.([A-Z2-7]{103})"
)


class CodeFault(StrEnum):
    """Why a code opens nothing; these are problem codes."""

    UNREADABLE = "code_unreadable"  # not whole, not ours, or the signature does not fit
    EXPIRED = "code_expired"
    TOO_EARLY = "code_too_early"  # from a clock that is ahead
    ELSEWHERE = "code_elsewhere"  # made for another library
    USED = "code_used"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    key_id: str
    is_for_branch: bool  # else for a whole institution
    audience_id: int
    made_at: datetime
    nonce: str
    message: bytes  # what was signed
    signature: bytes


def is_device_code(text: str) -> bool:
    return text.strip()[: len(PREFIX)].upper() == PREFIX


def parse_device_code(text: str) -> DeviceCode | None:
    """The parts of a code; nothing when it is not whole."""
    code = text.strip().upper()
    parts = _FORM.fullmatch(code)
    if parts is None:
        return None
    key_id, kind, audience, seconds, nonce, signature = parts.groups()
    try:
        signed = base64.b32decode(signature + "=")
    except binascii.Error:
        return None
    return DeviceCode(
        key_id=key_id,
        is_for_branch=kind == "B",
        audience_id=int(audience),
        made_at=datetime.fromtimestamp(int(seconds), tz=UTC),
        nonce=nonce,
        message=code.rpartition(".")[0].encode(),
        signature=signed,
    )


def judge(code: DeviceCode, *, branch_id: int, agency_id: int, now: datetime) -> CodeFault | None:
    """Whether a code with a good signature holds here and now (ID-21)."""
    if code.made_at - now > SKEW:
        return CodeFault.TOO_EARLY
    if now - code.made_at > LIFETIME + SKEW:
        return CodeFault.EXPIRED
    here = branch_id if code.is_for_branch else agency_id
    return None if code.audience_id == here else CodeFault.ELSEWHERE
