"""MARC records made here, byte by byte where a test needs them wrong."""

from collections.abc import Sequence

from pymarc import marc8_mapping

from catalog.domain.marc.parse import ParsedRecord, SourceProfile, parse
from catalog.domain.marc.write import Field, LeaderFlags, write_iso2709
from catalog.domain.records import BibRecord, MarcFormat

CNMARC, MARC21, UNIMARC = MarcFormat.CNMARC, MarcFormat.MARC21, MarcFormat.UNIMARC
CODED_100 = "20050221d2005    em y0chiy50      ea"


def control(tag: str, text: str) -> Field:
    return (tag, "", [("", text)])


def data(tag: str, written: str, indicators: str = "  ") -> Field:
    """``data("200", "$a书名$f著者")``: subfields as cataloguers write them down."""
    pieces = written.split("$")[1:]
    return (tag, indicators, [(piece[0], piece[1:]) for piece in pieces])


def cnmarc(
    *more: Field, title: str = "$a少年小树之歌$f佛瑞斯特·卡特著", without: str = ""
) -> list[Field]:
    """A small CNMARC record; ``more`` replaces fields of the same tag."""
    base = [
        control("001", "CN0001"),
        control("005", "20240115103000.0"),
        data("100", f"$a{CODED_100}"),
        data("101", "$achi", "0 "),
        data("102", "$aCN$b330000"),
        data("200", title, "1 "),
        data("801", "$aCN$bXIAOSHU", " 0"),
    ]
    return _with(base, more, without)


def marc21(
    *more: Field, title: str = "$aOrdinary book /$cby A. Writer.", without: str = ""
) -> list[Field]:
    base = [
        control("001", "M0001"),
        control("003", "XX-XxX"),
        control("005", "20240115103000.0"),
        control("008", "240115s2005    cc            000 0 chi d"),
        data("245", title, "10"),
    ]
    return _with(base, more, without)


def _with(base: list[Field], more: Sequence[Field], without: str) -> list[Field]:
    replaced = {field[0] for field in more} | set(without.split())
    kept = [field for field in base if field[0] not in replaced]
    return sorted([*kept, *more], key=lambda field: field[0])


def iso(
    fields: Sequence[Field], *, dialect: MarcFormat = CNMARC, encoding: str = "utf-8", **leader
) -> bytes:
    return write_iso2709(
        fields, format=dialect, encoding=encoding, leader_flags=LeaderFlags(**leader)
    )


def read(fields: Sequence[Field], *, dialect: MarcFormat = CNMARC, **leader) -> ParsedRecord:
    found = parse(iso(fields, dialect=dialect, **leader))
    assert isinstance(found, ParsedRecord), found
    return found


def neutral(fields: Sequence[Field], *, dialect: MarcFormat = CNMARC, **leader) -> BibRecord:
    return read(fields, dialect=dialect, **leader).record


def parsed(data: bytes, **profile) -> ParsedRecord:
    found = parse(data, profile=SourceProfile(**profile))
    assert isinstance(found, ParsedRecord), found
    return found


def assemble(
    bodies: Sequence[tuple[str, bytes]], *, leader: str = "     nam  22      a 4500"
) -> bytes:
    """ISO 2709 from encoded bodies (without terminators), directory and lengths right."""
    directory, body = b"", b""
    for tag, text in bodies:
        directory += b"%s%04d%05d" % (tag.encode(), len(text) + 1, len(body))
        body += text + b"\x1e"
    base = 24 + len(directory) + 1
    head = f"{base + len(body) + 1:05d}{leader[5:12]}{base:05d}{leader[17:]}".encode()
    return head + directory + b"\x1e" + body + b"\x1d"


def with_leader(record: bytes, at: int, text: str) -> bytes:
    return record[:at] + text.encode() + record[at + len(text) :]


_EACC = {chr(char): code for code, (char, _) in sorted(marc8_mapping.CODESETS[0x31].items())}


def marc8(text: str) -> bytes:
    """MARC-8 with EACC between its escapes; combining marks before their letters."""
    import unicodedata

    ansel = {chr(char): code for code, (char, _) in marc8_mapping.CODESETS[0x45].items()}
    out, wide = b"", False
    for char in text:
        is_wide = char in _EACC and not char.isascii()
        if is_wide != wide:
            out += b"\x1b$1" if is_wide else b"\x1b(B"
            wide = is_wide
        if is_wide:
            out += _EACC[char].to_bytes(3, "big")
        elif char.isascii():
            out += char.encode()
        else:
            letter, *marks = unicodedata.normalize("NFD", char)
            out += bytes(ansel[mark] for mark in marks)
            out += letter.encode() if letter.isascii() else bytes([ansel[letter]])
    return out + (b"\x1b(B" if wide else b"")


def marc8_record(fields: Sequence[Field]) -> bytes:
    bodies = []
    for tag, indicators, subfields in fields:
        if subfields[0][0] == "":
            bodies.append((tag, subfields[0][1].encode()))
            continue
        body = f"{indicators:<2}".encode()
        body += b"".join(b"\x1f" + code.encode() + marc8(text) for code, text in subfields)
        bodies.append((tag, body))
    return assemble(bodies)
