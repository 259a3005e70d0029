"""Single changes as a member sends them: JSON lines, each a record to keep or to delete.

{"op": "upsert", "control_number": "n1", "sequence": 7, "record": "<base64 or MARCXML>"}
{"op": "delete", "control_number": "n1", "sequence": 8}
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MAX_LINE = 8 * 1024 * 1024  # one record in base64, generously
MAX_SEQUENCE = 2**63


class Line(NamedTuple):
    """One line with content. ``position`` counts such lines from 1."""

    position: int
    offset: int  # bytes from the start of the list
    data: bytes
    end: int  # where the next line begins


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    control_number: str
    sequence: int  # the member's own, at least 1
    is_deletion: bool
    record: bytes = b""  # as sent, without its base64


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProblem:
    """Why a line is no change we can act on."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


def split_lines(chunks: Iterable[bytes], *, offset: int = 0, position: int = 1) -> Iterator[Line]:
    """Lines that hold something, from pieces cut anywhere; a line too long comes in parts."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while (cut := waiting.find(b"\n")) >= 0 or len(waiting) > MAX_LINE:
            size = cut + 1 if 0 <= cut < MAX_LINE else MAX_LINE
            text = bytes(waiting[:size])
            del waiting[:size]
            if text.strip():
                yield Line(position, offset, text.rstrip(b"\r\n"), offset + size)
                position += 1
            offset += size
    if waiting.strip():
        yield Line(position, offset, bytes(waiting).rstrip(b"\r\n"), offset + len(waiting))


def read_change(line: bytes) -> RecordChange | ChangeProblem:
    """What one line says, or what is the matter with it."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return ChangeProblem(code="change_unreadable")
    number = _control_number(found.get("control_number"))
    record = _record(found.get("record"))
    if problem := _problem(found, number, record):
        return problem
    is_deletion = found["op"] == "delete"
    return RecordChange(
        control_number=number,
        sequence=found["sequence"],
        is_deletion=is_deletion,
        record=b"" if is_deletion else record,
    )


def _problem(found: Mapping[str, Any], number: str, record: bytes) -> ChangeProblem | None:
    op, sequence, params = found.get("op"), found.get("sequence"), {"control_number": number[:80]}
    if op not in ("upsert", "delete"):
        return ChangeProblem(code="change_op_unknown", params={"op": str(op)[:20]})
    if not number:
        return ChangeProblem(code="missing_field", params={"field": "control_number"})
    if type(sequence) is not int or not 0 < sequence < MAX_SEQUENCE:
        return ChangeProblem(code="change_without_sequence", params=params)
    if op == "upsert" and not record:
        return ChangeProblem(code="change_without_record", params=params)
    return None


def _control_number(value: Any) -> str:
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def _record(value: Any) -> bytes:
    """MARCXML as it stands, ISO 2709 from base64; empty when it is neither."""
    if not isinstance(value, str):
        return b""
    if value.lstrip("\ufeff \t\r\n").startswith("<"):
        return value.strip("\ufeff \t\r\n").encode("utf-8", errors="replace")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
