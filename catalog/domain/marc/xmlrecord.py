"""The text of one MARCXML ``<record>`` element to tags and field texts.

A strict tokeniser reads the plain form nearly all systems write; whatever it does not know exactly
goes to a real parser, and what that refuses is repaired once and tried again. An element cut out
of its document carries no document type declaration, so no entity can be defined or expanded.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from functools import lru_cache
from xml.parsers import expat
from xml.sax.saxutils import unescape

from catalog.domain.marc.problems import ErrorCode, RecordError

_TOKEN = re.compile(r"<(/?)((?:[A-Za-z_][\w.-]*:)?[A-Za-z_][\w.-]*)([^<>]*)>([^<]*)")
_ATTRIBUTE = re.compile(r"""\s+([\w:.-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_ATTRIBUTES = re.compile(r"""(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*""")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ENTITY = re.compile(r"&(#\d+;|#x[0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;)?")
_XML_ENTITIES = {"amp;", "lt;", "gt;", "quot;", "apos;"}
_PREDEFINED = {"&quot;": '"', "&apos;": "'"}


@dataclass(slots=True)
class Element:
    """What one ``<record>`` holds, fields in the form ``extract`` gives ISO 2709 fields."""

    leader: str = ""
    tags: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    format: str = ""
    is_repaired: bool = False


def read_element(text: str) -> Element | RecordError:
    """Read one element; ill-formed text that cannot be mended is ``XML_ILL_FORMED``."""
    if plain := _read_plain(text):
        return plain
    if "<!DOCTYPE" in text:
        return _ill_formed(1, 0, "a document type declaration is not allowed")
    try:
        return _Parser().read(text)
    except expat.ExpatError:
        mended = _ENTITY.sub(_mend_entity, _ILLEGAL.sub("", text))
    try:
        found = _Parser().read(mended)
    except expat.ExpatError as error:
        return _ill_formed(error.lineno, error.offset, expat.ErrorString(error.code))
    if isinstance(found, Element):
        found.is_repaired = True
    return found


def _ill_formed(line: int, column: int, reason: str) -> RecordError:
    params: dict[str, str | int] = {"line": line, "column": column, "reason": reason}
    return RecordError(code=ErrorCode.XML_ILL_FORMED, params=params)


def _mend_entity(match: re.Match[str]) -> str:
    name = match[1] or ""
    if name in _XML_ENTITIES:
        return match[0]
    char = html.unescape(match[0])
    if not name or char == match[0] or _ILLEGAL.match(char):
        return "&amp;" + name
    return f"&#{ord(char)};" if len(char) == 1 else char


def _attributes(text: str) -> dict[str, str]:
    return {name: _text(double or single) for name, double, single in _ATTRIBUTE.findall(text)}


def _text(value: str) -> str:
    return unescape(value, _PREDEFINED) if "&" in value else value


def _read_plain(text: str) -> Element | None:
    """The common form: five element names, no comments, no CDATA, no entities but the five."""
    if "<!" in text or "<?" in text or _ILLEGAL.search(text) or not _is_plain_entities(text):
        return None
    found = Element()
    opened: list[str] = []
    size = 0
    for slash, full_name, attributes, content in _TOKEN.findall(text):
        size += len(slash) + len(full_name) + len(attributes) + len(content) + 2
        name = full_name.rpartition(":")[2]
        if slash:
            if not opened or opened.pop() != name or content.strip():
                return None
            continue
        known = _known(attributes)
        if known is None or _DEPTH.get(name) != len(opened):
            return None
        if not _place(found, name, known, content):
            return None
        opened.append(name)
    # Whatever the tokens do not cover is something this reader does not know.
    return found if not opened and size == len(text) and found.tags else None


_DEPTH = {"record": 0, "leader": 1, "controlfield": 1, "datafield": 1, "subfield": 2}


def _place(found: Element, name: str, known: tuple[str, str], content: str) -> bool:
    """Put one element where it belongs; False when it cannot be there."""
    if name == "subfield":
        found.parts[-1] += "\x1f" + known[1] + _text(content)
    elif name == "datafield":
        found.tags.append(known[0])
        found.parts.append(known[1])
    elif name == "controlfield":
        found.tags.append(known[0])
        found.parts.append(_text(content))
    elif name == "leader":
        if found.leader:
            return False
        found.leader = _text(content)
    else:
        found.format = known[1]
    return True


@lru_cache(maxsize=4096)  # attribute texts repeat from record to record
def _known(attributes: str) -> tuple[str, str] | None:
    """Tag, and what else this element is known by: indicators, subfield code or format."""
    if not _ATTRIBUTES.fullmatch(attributes):
        return None
    names = _attributes(attributes)
    tag = names.get("tag", "")[:3]
    if "code" in names:
        return tag, names["code"][:1]
    if tag:
        return tag, f"{names.get('ind1', ' '):<1.1}{names.get('ind2', ' '):<1.1}"
    return tag, names.get("format", "")


def _is_plain_entities(text: str) -> bool:
    if "&" not in text:
        return True
    return all(name in _XML_ENTITIES for name in _ENTITY.findall(text))


class _Parser:
    """The same result from a real XML parser, without namespaces."""

    def __init__(self) -> None:
        self.found = Element()
        self.leaders = 0
        self.text: list[str] = []
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text.append
        self.parser = parser

    def read(self, text: str) -> Element | RecordError:
        self.parser.Parse(text.encode("utf-8", "replace"), True)
        if self.leaders > 1:
            line, column = self.parser.ErrorLineNumber, self.parser.ErrorColumnNumber
            return _ill_formed(line, column, "two leaders in one record")
        if not self.found.tags:
            return RecordError(code=ErrorCode.NO_FIELDS)
        return self.found

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.text.clear()
        match name.rpartition(":")[2]:
            case "record":
                self.found.format = attributes.get("format", "")
            case "controlfield":
                self.found.tags.append(attributes.get("tag", "")[:3])
                self.found.parts.append("")
            case "datafield":
                first, second = attributes.get("ind1", " "), attributes.get("ind2", " ")
                self.found.tags.append(attributes.get("tag", "")[:3])
                self.found.parts.append(f"{first:<1.1}{second:<1.1}")
            case "subfield" if self.found.parts:
                self.found.parts[-1] += "\x1f" + attributes.get("code", " ")[:1]

    def end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "leader":
                self.leaders += 1
                self.found.leader = "".join(self.text)
            case "controlfield" | "subfield" if self.found.parts:
                self.found.parts[-1] += "".join(self.text)
        self.text.clear()
