"""Which characters a record's bytes mean: decided per record, never per file (NO-1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pymarc import marc8_mapping

UTF8, GB18030, BIG5, MARC8, LATIN = "utf-8", "gb18030", "big5hkscs", "marc-8", "cp1252"
SPELLINGS = {
    "utf-8": UTF8,
    "utf8": UTF8,
    "gb18030": GB18030,
    "gbk": GB18030,
    "gb2312": GB18030,
    "cp936": GB18030,
    "big5": BIG5,
    "big5hkscs": BIG5,
    "marc-8": MARC8,
    "marc8": MARC8,
    "cp1251": "cp1251",
    "windows-1251": "cp1251",
    "koi8-r": "koi8-r",
    "cp866": "cp866",
    "cp1252": LATIN,
    "latin-1": "latin-1",
    "iso-8859-1": "latin-1",
}
"""How a source profile may spell an encoding -> the codec we use."""

_MARC8_ESCAPE = re.compile(rb"\x1b[$(),\-sgbp]")
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_DOUBLE_BYTE = re.compile(rb"([\x81-\xfe])([\x40-\x7e\x80-\xfe])")
_UNIT = re.compile(rb"[^\x1d-\x1f]+")  # text between two delimiters
_CONTRADICTION = 4  # so many UTF-8 sequences are no accident in another encoding


@dataclass(frozen=True, slots=True)
class Detected:
    encoding: str
    is_guess: bool = False
    is_lossy: bool = False  # some bytes fit no character
    is_against_hint: bool = False


def detect(data: bytes, *, hint: str = "", marc8_possible: bool, cjk_likely: bool) -> Detected:
    """The encoding of one record.

    Order (NO-1): the source's own word, BOM, MARC-8 escapes, strict UTF-8, then a judgement between
    damaged UTF-8, MARC-8, GB18030 and Big5. GB18030 is never tried before UTF-8: most UTF-8 Chinese
    is valid GB18030 and would turn into wrong but plausible characters.
    """
    if hint:
        return _check_hint(data, hint)
    if data.startswith(b"\xef\xbb\xbf"):
        return _strict(data, UTF8) or Detected(UTF8, is_lossy=True)
    if b"\x1b" in data and marc8_possible and _MARC8_ESCAPE.search(data):
        return Detected(MARC8)
    return _strict(data, UTF8) or _judge(data, marc8_possible=marc8_possible, cjk_likely=cjk_likely)


def to_text(data: bytes, encoding: str) -> tuple[str, int]:
    """The record as text with its delimiters in place, and how many characters were lost."""
    if encoding == MARC8:
        return _marc8_record(data)
    try:
        return data.decode(encoding), 0
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        return text, text.count("\ufffd")


def _strict(data: bytes, encoding: str) -> Detected | None:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return Detected(encoding)


def _check_hint(data: bytes, hint: str) -> Detected:
    """The hint, unless the bytes are plainly something else: profiles outlive system changes."""
    if hint == MARC8 and _MARC8_ESCAPE.search(data):
        return Detected(MARC8)
    if hint != UTF8 and not data.isascii() and _strict(data, UTF8):
        sequences = len(_UTF8_SEQUENCE.findall(data))
        if sequences >= _CONTRADICTION:
            return Detected(UTF8, is_against_hint=True)
    if hint == MARC8:
        return Detected(MARC8)
    if found := _strict(data, hint):
        return found
    if hint == UTF8:
        judged = _judge(data, marc8_possible=False, cjk_likely=False)
        if judged.encoding in (GB18030, BIG5):
            return Detected(judged.encoding, is_guess=True, is_against_hint=True)
    return Detected(hint, is_lossy=True)


def _judge(data: bytes, *, marc8_possible: bool, cjk_likely: bool) -> Detected:
    """Bytes that are neither ASCII nor strict UTF-8."""
    damaged = data.decode(UTF8, "replace")
    lost = damaged.count("\ufffd")
    good = sum(1 for char in damaged if char > "\x7f") - lost
    if good >= 3 * lost:
        return Detected(UTF8, is_guess=True, is_lossy=True)
    runs = [len(run) for run in _HIGH_RUN.findall(data)]
    if _looks_double_byte(runs) or (cjk_likely and (not marc8_possible or max(runs) >= 4)):
        found = _chinese(data)
        # Damaged Chinese loses a character here and there; other scripts do not fit at all.
        if not found.is_lossy or 20 * data.decode(GB18030, "replace").count("\ufffd") < sum(runs):
            return found
    if marc8_possible:
        return Detected(MARC8, is_guess=True)
    return Detected(LATIN, is_guess=True, is_lossy=_strict(data, LATIN) is None)


def _looks_double_byte(runs: list[int]) -> bool:
    """Chinese comes in long runs of high bytes; accents of MARC-8 and Latin come one by one."""
    return 2 * sum(length for length in runs if length >= 4) > sum(runs)


def _chinese(data: bytes) -> Detected:
    """GB18030 or Big5; every Big5 text is valid GB18030 too, so the commonest rows decide."""
    if _strict(data, BIG5) and _is_big5(data):
        return Detected(BIG5, is_guess=True)
    if _strict(data, GB18030):
        return Detected(GB18030)
    return Detected(GB18030, is_guess=True, is_lossy=True)


def _is_big5(data: bytes) -> bool:
    pairs = _DOUBLE_BYTE.findall(data)
    if not pairs:
        return False
    # GB 2312 lies in trail bytes A1-FE; Big5 uses 40-7E for a third of its characters and keeps
    # its 5,401 frequent ones in rows A4-C6.
    as_gb2312 = sum(1 for lead, trail in pairs if trail >= b"\xa1" and lead <= b"\xf7")
    as_frequent_big5 = sum(1 for lead, _ in pairs if b"\xa1" <= lead <= b"\xc6")
    return as_gb2312 < 0.75 * len(pairs) and as_frequent_big5 > 0.9 * len(pairs)


def _marc8_record(data: bytes) -> tuple[str, int]:
    """Each subfield on its own: character sets start afresh after a delimiter (MARC 21, MARC-8)."""
    lost = 0
    pieces: list[str] = []
    end = 0
    for match in _UNIT.finditer(data):
        pieces.append(data[end : match.start()].decode("ascii"))
        unit, end = match.group(), match.end()
        if unit.isascii() and b"\x1b" not in unit:
            pieces.append(unit.decode("ascii"))
            continue
        text, missing = decode_marc8(unit)
        pieces.append(text)
        lost += missing
    pieces.append(data[end:].decode("ascii"))
    return "".join(pieces), lost


_ASCII_SET, _ANSEL_SET, _EACC_SET = 0x42, 0x45, 0x31
_ONE_BYTE_SETS = {0x73: _ASCII_SET, 0x67: 0x67, 0x62: 0x62, 0x70: 0x70}  # ESC s, g, b, p
# Ligature and double tilde came in halves; Unicode has them whole, after the first letter.
_WHOLE_MARKS = {0xFE20: "\u0361", 0xFE21: "", 0xFE22: "\u0360", 0xFE23: ""}
_G0, _G1 = b"(,", b")-"


def decode_marc8(data: bytes) -> tuple[str, int]:
    """One subfield of MARC-8, EACC included, and how many characters have no mapping.

    Combining marks stand before their letter in MARC-8 and after it in Unicode.
    """
    g0, g1 = _ASCII_SET, _ANSEL_SET
    out: list[str] = []
    marks: list[str] = []
    lost = position = 0
    while position < len(data):
        byte = data[position]
        if byte == 0x1B:
            position, g0, g1 = _escape(data, position, g0, g1)
            continue
        if byte < 0x20 or 0x80 <= byte < 0xA0:  # controls, and the non-sorting marks 88 and 89
            position += 1
            continue
        if g0 == _EACC_SET and 0x21 <= byte < 0x7F:
            code, width = int.from_bytes(data[position : position + 3], "big"), 3
        else:
            code, width = byte, 1
        position += width
        if byte == 0x20 or (width == 1 and byte < 0x7F and g0 in (_ASCII_SET, _EACC_SET)):
            found = (byte, 0)
        else:
            found = _lookup(code, g1 if byte > 0x7F else g0)
        lost += found[0] == 0xFFFD
        if found[1]:
            marks.append(_WHOLE_MARKS.get(found[0], chr(found[0])))
            continue
        out.append(chr(found[0]))
        if marks:
            out += marks
            marks = []
    return "".join(out + marks), lost


def _lookup(code: int, charset: int) -> tuple[int, int]:
    table = marc8_mapping.CODESETS.get(charset, {})
    if code in table:
        return table[code]
    return marc8_mapping.ODD_MAP.get(code, 0xFFFD), 0


def _escape(data: bytes, position: int, g0: int, g1: int) -> tuple[int, int, int]:
    """Read ``ESC [$] I F`` and say where text goes on and what the two sets are now."""
    cursor = position + 1
    nxt = data[cursor : cursor + 1]
    if nxt and nxt[0] in _ONE_BYTE_SETS:
        return cursor + 1, _ONE_BYTE_SETS[nxt[0]], g1
    if is_wide := nxt == b"$":
        cursor += 1
        nxt = data[cursor : cursor + 1]
    into_g1 = bool(nxt) and nxt in _G1
    if into_g1 or (nxt and nxt in _G0):
        cursor += 1
    elif not is_wide:
        return position + 1, g0, g1  # a lone escape: drop it
    if data[cursor : cursor + 1] == b"!":  # ESC ) ! E
        cursor += 1
    final = data[cursor] if cursor < len(data) else _ASCII_SET
    return cursor + 1, g0 if into_g1 else final, final if into_g1 else g1
