"""One raw record, decoded: light access to its fields, every byte of structure checked first."""

from __future__ import annotations

import html
import re
import struct
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import itemgetter

from catalog.domain.marc import charset
from catalog.domain.marc.problems import ErrorCode, Flag, RecordError
from catalog.domain.marc.read import ENTRY_LENGTH, LEADER_LENGTH, Layout, find_layout
from catalog.domain.marc.xmlrecord import read_element
from catalog.domain.records import MarcFormat

Subfields = list[tuple[str, str]]
Field = tuple[str, Subfields]
"""(two indicators, [(code, value) …]) of a data field."""

_NOTHING: list[Field] = []
_MARC21 = MarcFormat.MARC21  # see Note [Members by name] in records
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_subfields = re.compile("\x1f([^\x1f])([^\x1f]*)").findall
_CONTROL = frozenset(f"00{digit}" for digit in range(1, 10))
_SPLIT_LATER = _CONTROL | {"040", "042", "043", "263", "906", "925", "955", "AVA", "OWN"}
"""Common tags no crosswalk reads: split only when someone asks for them."""

_LINKAGE = re.compile(r"([0-9A-Za-z]{3})-(\d{2,})")

_DIGITS = " 0123456789"
_USUAL_INDICATORS = {f"{one}{two}\x1f": f"{one}{two}" for one in _DIGITS for two in _DIGITS}.get


class MarcFields:
    """The fields of one record as text, in canonical composition (NFC).

    ``leader`` has 24 characters, blanks as blanks. ``parts`` stand beside ``tags``: control data,
    or indicators and subfields with 0x1F between. ``by_tag`` holds the data fields, already split
    except for a few common tags no crosswalk reads; ``fields`` knows them all.
    """

    __slots__ = ("_scripts", "by_tag", "encoding", "flags", "format", "leader", "parts", "tags")

    def __init__(
        self, leader: str, tags: Sequence[str], parts: list[str], encoding: str, flags: list[str]
    ) -> None:
        self.leader = leader
        self.tags = tags
        self.parts = parts
        self.encoding = encoding
        self.flags = flags
        self.format = _MARC21
        self._scripts: dict[str, list[tuple[str, Field]]] | None = None
        by_tag: dict[str, list[Field]] = {}
        self.by_tag = by_tag
        last, run, usual = "", _NOTHING, _USUAL_INDICATORS
        for tag, part in zip(tags, parts, strict=True):  # the hottest loop of an import
            if tag != last:
                if tag in _SPLIT_LATER:
                    continue
                last, run = tag, by_tag.setdefault(tag, [])
            run.append((usual(part[:3]) or self._indicators(part), _subfields(part)))

    def __contains__(self, tag: str) -> bool:
        return tag in self.by_tag or tag in self.tags

    def control(self, tag: str) -> str:
        """The first control field with this tag, empty when there is none."""
        try:
            return self.parts[self.tags.index(tag)]
        except ValueError:
            return ""

    def fields(self, tag: str) -> list[Field]:
        """All data fields with this tag, in the order of the record."""
        found = self.by_tag.get(tag)
        if found is not None:
            return found
        if tag not in _SPLIT_LATER or tag not in self.tags:
            return _NOTHING
        found = self.by_tag[tag] = [
            (self._mend_indicators(part), _subfields(part))
            for one, part in zip(self.tags, self.parts, strict=True)
            if one == tag
        ]
        return found

    def first(self, tag: str, codes: str) -> str:
        """The first non-empty subfield of these codes in the first field that has one."""
        for _, subfields in self.by_tag.get(tag) or self.fields(tag):
            for code, value in subfields:
                if code in codes and value:
                    return value
        return ""

    def values(self, tag: str, codes: str) -> list[str]:
        """Every non-empty subfield of these codes, in the order of the record."""
        return [
            value
            for _, subfields in self.fields(tag)
            for code, value in subfields
            if code in codes and value
        ]

    def in_scripts(self) -> dict[str, list[tuple[str, Field]]]:
        """The 880 fields by the tag they stand beside, with their occurrence numbers."""
        if self._scripts is None:
            self._scripts = {}
            for one in self.fields("880"):
                tag, occurrence = linkage(one[1])
                self._scripts.setdefault(tag, []).append((occurrence, one))
        return self._scripts

    def linked(self, tag: str) -> list[tuple[Field | None, Field | None]]:
        """Fields with their 880 partner (MARC 21 $6): base alone, both, or the 880 alone."""
        base = self.by_tag.get(tag)
        if base is None:
            base = self.fields(tag) if tag in _SPLIT_LATER else _NOTHING
        if "880" not in self.by_tag or not (others := self.in_scripts().get(tag)):
            return [(one, None) for one in base]
        partners: dict[str, Field] = {}
        alone: list[Field] = []
        for occurrence, other in others:
            if occurrence == "00" or occurrence in partners:
                alone.append(other)  # 00: "no partner in this record"
            else:
                partners[occurrence] = other
        pairs: list[tuple[Field | None, Field | None]] = []
        for one in base:
            to_tag, occurrence = linkage(one[1])
            pairs.append((one, partners.pop(occurrence, None) if to_tag == "880" else None))
        pairs += [(None, other) for other in partners.values()]
        return pairs + [(None, other) for other in alone]

    def flag(self, flag: str) -> None:
        if flag not in self.flags:
            self.flags.append(flag)

    def _indicators(self, part: str) -> str:
        return part[:2] if part[2:3] == "\x1f" != part[0] else self._mend_indicators(part)

    def _mend_indicators(self, part: str) -> str:
        found, has_subfields, _ = part.partition("\x1f")
        if len(found) != 2 or not has_subfields:
            self.flag(Flag.INDICATORS_REPAIRED if has_subfields else Flag.SUBFIELDS_MISSING)
        return f"{found:<2}"[:2]


def linkage(subfields: Subfields) -> tuple[str, str]:
    """Tag and occurrence number of $6, both empty when there is none."""
    for code, value in subfields:
        if code == "6" and (found := _LINKAGE.match(value)):
            return found[1], found[2]
    return "", ""


def decode(
    data: bytes, *, format_hint: MarcFormat | None = None, encoding_hint: str = ""
) -> MarcFields | RecordError:
    """The fields of one record, ISO 2709 or a MARCXML element, whatever its bytes.

    ``encoding_hint`` is one of ``charset.SPELLINGS``; with none, the encoding is found per record.
    """
    hint = charset.SPELLINGS[encoding_hint.lower()] if encoding_hint else ""
    found: MarcFields | RecordError
    if data[:1] == b"<":
        found = _decode_xml(data, hint)
    else:
        plain = _decode_plain(data) if hint in ("", charset.UTF8) else None
        found = plain or _decode_repaired(data, hint)
    if isinstance(found, RecordError):
        return found
    if "245" in found.by_tag and "200" not in found.by_tag:
        found.format = _MARC21  # as `detect_format` would say, at less cost
    else:
        found.format = detect_format(found, hint=format_hint or found.format)
    return found


# Note [The fast split]
# In a sound record the directory says nothing that the field terminators do not say too. So the
# body is decoded once and split once, and the directory is only held against the result: it must
# name as many fields as there are, and each must start exactly where one was found to start.
# What it states as lengths can then only repeat, or contradict, what is already proven.


_FIVE_DIGITS = [b"%05d" % number for number in range(20_000)]
_five_digits = _FIVE_DIGITS.__getitem__


def _as_stated(starts: list[int]) -> tuple[bytes, ...]:
    """As a directory writes them; looking digits up costs a third of reading them."""
    if starts[-1] < len(_FIVE_DIGITS):
        return tuple(map(_five_digits, starts))
    return tuple(b"%05d" % start for start in starts)


_Readers = tuple[Callable[[str], tuple[str, ...]], Callable[[bytes, int], tuple[bytes, ...]]]


@lru_cache(maxsize=1024)
def _directory(count: int) -> _Readers:
    """What reads all tags, and all starts, of a directory of so many entries in one call each."""
    first, step = LEADER_LENGTH, ENTRY_LENGTH
    tags = [slice(at, at + 3) for at in range(first, first + step * count, step)]
    return itemgetter(*tags), struct.Struct("7x5s" * count).unpack_from


def _decode_plain(data: bytes) -> MarcFields | None:
    """A sound record in ASCII or UTF-8, or None: then `_decode_repaired` looks closely."""
    try:
        base = int(data[12:17])
        text = data.decode()
        count, odd = divmod(base - 1 - LEADER_LENGTH, ENTRY_LENGTH)
        if odd or count < 2:  # of one slice itemgetter makes no tuple
            return None
        tags_of, starts_of = _directory(count)
        stated = starts_of(data, LEADER_LENGTH)
    except (ValueError, struct.error):  # UnicodeDecodeError is a ValueError
        return None
    parts = text[base:].split("\x1e")
    if parts.pop() != "\x1d" or text[base - 1 : base] != "\x1e" or "\x1b" in text:
        return None
    is_ascii = len(text) == len(data)
    # From here on positions in text are positions in data up to the base address, or it fails.
    bodies: Sequence[str | bytes] = parts if is_ascii else data[base:-2].split(b"\x1e")
    starts = list(accumulate([len(body) + 1 for body in bodies], initial=0))
    starts.pop()
    if stated != _as_stated(starts):
        return None
    flags: list[str] = []
    if "\x00" in text or ("&" in text and _ENTITY.search(text)):
        parts = _normalised(parts, flags)
    elif not is_ascii:
        parts = [part if part.isascii() else _composed(part) for part in parts]
    return MarcFields(text[:LEADER_LENGTH], tags_of(text), parts, charset.UTF8, flags)


def _decode_repaired(data: bytes, hint: str) -> MarcFields | RecordError:
    """Any other record: another encoding, another field order, or damage (NO-19)."""
    layout = find_layout(data)
    if layout is None:
        return RecordError(code=ErrorCode.NO_LEADER)
    flags: list[str] = [] if layout.is_as_stated else [Flag.LEADER_REPAIRED]
    located = None if layout.is_wide else _fields_by_directory(data, layout)
    if located is None:
        mended = _fields_by_terminator(data, layout)
        if isinstance(mended, RecordError):
            return mended
        located = mended
        flags.append(Flag.DIRECTORY_REPAIRED)
    tags, bodies = located
    leader = data[: layout.directory].decode("ascii", "replace")[:LEADER_LENGTH]
    leader = leader.ljust(LEADER_LENGTH)
    if any(len(body) > 9_999 for body in bodies):
        flags.append(Flag.OVERSIZE)
    joined = b"\x1e".join(bodies)
    detected = charset.detect(
        joined,
        hint=hint,
        marc8_possible="245" in tags or "200" not in tags,
        cjk_likely=_is_cjk(tags, bodies),
    )
    text, lost = charset.to_text(joined, detected.encoding)
    flags += _encoding_flags(detected, leader, is_lossy=lost > 0, is_marc21="200" not in tags)
    parts = _normalised(text.split("\x1e"), flags)
    return MarcFields(leader, tags, parts, detected.encoding, flags)


_Located = tuple[list[str], list[bytes]]


def _entries(data: bytes, layout: Layout) -> list[bytes]:
    span = range(layout.directory, layout.base - 1, ENTRY_LENGTH)
    return [data[at : at + ENTRY_LENGTH] for at in span]


def _tag(entry: bytes) -> str:
    return entry[:3].decode("ascii", "replace")


def _fields_by_directory(data: bytes, layout: Layout) -> _Located | None:
    """Fields where the directory says, if each ends with a terminator and all bytes are used."""
    tags, bodies, total = [], [], 0
    for entry in _entries(data, layout):
        if not entry[3:].isdigit():
            return None
        length, start = int(entry[3:7]), layout.base + int(entry[7:])
        body = data[start : start + length]
        if len(body) != length or body[-1:] != b"\x1e":
            return None
        total += length
        tags.append(_tag(entry))
        bodies.append(body[:-1].replace(b"\x1e", b" "))
    used = data.rfind(b"\x1e") + 1 - layout.base
    return (tags, bodies) if total == used else None


def _fields_by_terminator(data: bytes, layout: Layout) -> _Located | RecordError:
    """Fields between terminators, named in the order in which the directory places them."""
    end = data.rfind(b"\x1e")
    bodies = data[layout.base : end].split(b"\x1e")
    if rest := data[end + 1 :].strip(b"\x1d\x00\x1a\r\n "):
        bodies.append(rest)  # the last field lost its terminator
    if not layout.is_as_stated:
        wide = _tags_of_wide_directory(data[LEADER_LENGTH : layout.base - 1], bodies)
        if wide:
            return wide, bodies
    entries = _entries(data, layout)
    if len(bodies) != len(entries):
        kept = [one for one in bodies if one]
        if len(kept) != len(entries):
            params = {"entries": len(entries), "fields": len(bodies)}
            return RecordError(code=ErrorCode.BAD_DIRECTORY, params=params)
        bodies = kept
    order: Sequence[bytes] = entries
    if all(entry[7:].isdigit() for entry in entries):
        order = sorted(entries, key=lambda entry: int(entry[7:]))
    if order != entries and len(data) > 99_999:
        order = entries  # starts beyond five digits wrap around and say nothing
    return [_tag(entry) for entry in order], bodies


def _tags_of_wide_directory(directory: bytes, bodies: list[bytes]) -> list[str]:
    """Lengths over 9,999 and starts over 99,999 take more digits, which we know from the body."""
    tags: list[str] = []
    at = start = 0
    for body in bodies:
        numbers = b"%04d%05d" % (len(body) + 1, start)
        if directory[at + 3 : at + 3 + len(numbers)] != numbers:
            return []
        tags.append(_tag(directory[at : at + 3]))
        at += 3 + len(numbers)
        start += len(body) + 1
    return tags


_CJK_LANGUAGES = (b"chi", b"jpn", b"kor", b"zho")


def _is_cjk(tags: list[str], bodies: list[bytes]) -> bool:
    """Whether the record's own codes speak of Chinese, Japanese or Korean, or of China."""
    for tag, body in zip(tags, bodies, strict=True):
        if tag == "008" and body[35:38] in _CJK_LANGUAGES:
            return True
        if tag in ("041", "101") and any(code in body for code in _CJK_LANGUAGES):
            return True
        if tag in ("102", "801") and b"\x1faCN" in body:
            return True
    return False


def _encoding_flags(
    detected: charset.Detected, leader: str, *, is_lossy: bool, is_marc21: bool
) -> list[str]:
    flags: list[str] = []
    if detected.is_guess:
        flags.append(Flag.ENCODING_GUESSED)
    if detected.is_against_hint:
        flags.append(Flag.ENCODING_NOT_AS_HINTED)
    if is_lossy:
        flags.append(Flag.CHARACTERS_LOST)
    claims_utf8 = leader[9] == "a" and is_marc21
    if claims_utf8 and detected.encoding != charset.UTF8:
        flags.append(Flag.ENCODING_NOT_AS_CLAIMED)
    return flags


def _decode_xml(data: bytes, hint: str) -> MarcFields | RecordError:
    detected = charset.detect(data, hint=hint, marc8_possible=False, cjk_likely=False)
    text, lost = charset.to_text(data, detected.encoding)
    element = read_element(text)
    if isinstance(element, RecordError):
        return element
    flags = _encoding_flags(detected, " " * 24, is_lossy=lost > 0, is_marc21=True)
    flags += [Flag.XML_REPAIRED] if element.is_repaired else []
    # Some systems print the blanks of a leader as '-' or '#'.
    leader = element.leader.replace("-", " ").replace("#", " ").ljust(LEADER_LENGTH)
    parts = _normalised(element.parts, flags)
    found = MarcFields(leader[:LEADER_LENGTH], element.tags, parts, detected.encoding, flags)
    found.format = _XML_FORMATS.get(element.format.upper(), MarcFormat.MARC21)
    return found


_XML_FORMATS = {"UNIMARC": MarcFormat.UNIMARC, "CNMARC": MarcFormat.CNMARC}


def _normalised(parts: list[str], flags: list[str]) -> list[str]:
    """Canonical composition, character references turned into characters, no NUL (NO-2)."""
    return [
        part
        if part.isascii() and "&" not in part and "\x00" not in part
        else _normalised_part(part.replace("\x1f\x00", "\x1f?").replace("\x00", ""), flags)
        for part in parts
    ]


def _normalised_part(part: str, flags: list[str]) -> str:
    new = _ENTITY.sub(_unescape, part) if "&" in part else part
    if new != part and Flag.ENTITIES_UNESCAPED not in flags:
        flags.append(Flag.ENTITIES_UNESCAPED)
    return new if new.isascii() else _composed(new)


def _composed(part: str) -> str:
    # Not across a delimiter: a mark after 0x1F and "a" would eat the subfield code. Whether a text
    # is composed already is as dear to find out as composing it.
    compose = unicodedata.normalize
    if "\x1f" not in part:
        return compose("NFC", part)
    pieces = part.split("\x1f")
    return "\x1f".join(
        [one if one.isascii() else one[:1] + compose("NFC", one[1:]) for one in pieces]
    )


def _unescape(match: re.Match[str]) -> str:
    char = html.unescape(match[0])
    return match[0] if char < " " else char  # a reference must not forge a delimiter


def detect_format(found: MarcFields, *, hint: MarcFormat | None = None) -> MarcFormat:
    """The dialect a record is written in; the hint settles only what the record leaves open.

    UNIMARC and its Chinese form keep the title in 200 and coded data in 100 $a, MARC 21 in 245 and
    008. The leader does not tell (NO-3).
    """
    has_200, has_245 = "200" in found.by_tag, "245" in found.by_tag
    if has_200 == has_245:
        has_200 = _is_coded_100(found) and "008" not in found
        if not has_200 and not has_245 and hint and "008" not in found:
            return hint
    if not has_200:
        return MarcFormat.MARC21
    is_chinese = (
        found.first("801", "a").strip() == "CN"
        or found.first("102", "a").strip() == "CN"
        or found.first("100", "a")[22:25] == "chi"
    )
    is_hinted = hint == MarcFormat.CNMARC
    return MarcFormat.CNMARC if is_chinese or is_hinted else MarcFormat.UNIMARC


def _is_coded_100(found: MarcFields) -> bool:
    coded = found.first("100", "a")
    return len(coded) >= 30 and coded[:8].isdigit()
