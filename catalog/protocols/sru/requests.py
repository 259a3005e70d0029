"""Parameters of SRU 1.1 and 1.2, and every way of asking wrongly, as diagnostics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Operation(StrEnum):
    EXPLAIN = "explain"
    SEARCH = "searchRetrieve"
    SCAN = "scan"


MESSAGES = {  # info:srw/diagnostic/1/
    2: "System temporarily unavailable",
    4: "Unsupported operation",
    5: "Unsupported version",
    6: "Unsupported parameter value",
    7: "Mandatory parameter not supplied",
    8: "Unsupported parameter",
    10: "Query syntax error",
    12: "Too many characters in query",
    15: "Unsupported context set",
    16: "Unsupported index",
    19: "Unsupported relation",
    20: "Unsupported relation modifier",
    27: "Empty term unsupported",
    28: "Masking character not supported",
    31: "Anchoring character not supported",
    36: "Term in invalid format for index or relation",
    37: "Unsupported boolean operator",
    38: "Too many boolean operators in query",
    39: "Proximity not supported",
    46: "Unsupported boolean modifier",
    61: "First record position out of range",
    66: "Unknown schema for retrieval",
    71: "Unsupported record packing",
    80: "Sort not supported",
    110: "Stylesheets not supported",
}
VERSIONS = ("1.1", "1.2")
SCHEMAS = {  # short name: identifier
    "marcxml": "info:srw/schema/1/marcxml-v1.1",
    "dc": "info:srw/schema/1/dc-v1.1",
}
DEFAULT_RECORDS, MAX_RECORDS = 10, 100
_KNOWN = {
    Operation.SEARCH: {
        "version", "query", "startRecord", "maximumRecords", "recordPacking", "recordSchema",
        "resultSetTTL", "sortKeys", "recordXPath", "stylesheet", "extraRequestData",
    },
    Operation.EXPLAIN: {"version", "recordPacking", "stylesheet", "extraRequestData"},
}  # fmt: skip


class SruError(Exception):
    """A diagnostic: its number, and what in the request earned it."""

    def __init__(self, number: int, details: str = "") -> None:
        super().__init__(f"{number}: {details}")
        self.number = number
        self.details = details


@dataclass(frozen=True, slots=True, kw_only=True)
class SruRequest:
    operation: Operation
    version: str = "1.2"
    query: str = ""
    start: int = 1
    maximum: int = DEFAULT_RECORDS
    schema: str = "marcxml"  # short name
    is_packed_as_string: bool = False


def operation_of(pairs: Iterable[tuple[str, str]]) -> str:
    """What is asked, known or not; a bare address asks for explain."""
    return next((value for name, value in pairs if name == "operation"), "")


def version_of(pairs: Iterable[tuple[str, str]]) -> str:
    """The version to answer in, whatever else is wrong."""
    found = next((value for name, value in pairs if name == "version"), "")
    return found if found in VERSIONS else "1.2"


def parse_request(pairs: Iterable[tuple[str, str]]) -> SruRequest:
    """A request that keeps to the rules. Raises SruError."""
    pairs = [(name, value) for name, value in pairs if not name.startswith("x-")]
    if repeated := [name for name, times in Counter(n for n, _ in pairs).items() if times > 1]:
        raise SruError(6, f"{repeated[0]} is repeated")
    asked = dict(pairs)
    operation = _operation(asked)
    for name in asked:
        if name not in _KNOWN[operation]:
            raise SruError(8, name)
    if asked.get("stylesheet"):
        raise SruError(110)
    if operation is Operation.EXPLAIN:
        version = _version(asked) if "version" in asked else "1.2"
        packing = _is_string(asked)
        return SruRequest(operation=operation, version=version, is_packed_as_string=packing)
    return _search(asked)


def _operation(asked: dict[str, str]) -> Operation:
    name = asked.pop("operation", "")
    if not name:
        if asked.keys() & {"query", "startRecord", "maximumRecords", "recordSchema"}:
            raise SruError(7, "operation")
        return Operation.EXPLAIN
    if name not in (Operation.SEARCH, Operation.EXPLAIN):
        raise SruError(4, name)
    return Operation(name)


def _search(asked: Mapping[str, str]) -> SruRequest:
    version = _version(asked)
    if "query" not in asked:
        raise SruError(7, "query")
    for name in ("sortKeys", "recordXPath"):
        if asked.get(name):
            raise SruError(80 if name == "sortKeys" else 8, "use sortBy in the query")
    return SruRequest(
        operation=Operation.SEARCH,
        version=version,
        query=asked["query"],
        start=_number(asked, "startRecord", default=1, minimum=1),
        maximum=min(
            _number(asked, "maximumRecords", default=DEFAULT_RECORDS, minimum=0), MAX_RECORDS
        ),
        schema=_schema(asked.get("recordSchema", "")),
        is_packed_as_string=_is_string(asked),
    )


def _version(asked: Mapping[str, str]) -> str:
    if not (version := asked.get("version", "")):
        raise SruError(7, "version")
    if version not in VERSIONS:
        raise SruError(5, "1.2")  # the highest we know
    return version


def _number(asked: Mapping[str, str], name: str, *, default: int, minimum: int) -> int:
    text = asked.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= minimum):
        raise SruError(6, name)
    return int(text)


def _schema(text: str) -> str:
    for name, identifier in SCHEMAS.items():
        if text in ("", name, identifier):
            return name
    raise SruError(66, text)


def _is_string(asked: Mapping[str, str]) -> bool:
    packing = asked.get("recordPacking", "") or "xml"
    if packing not in ("xml", "string"):
        raise SruError(71, packing)
    return packing == "string"
