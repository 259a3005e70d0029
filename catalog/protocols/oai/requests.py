"""The six verbs of OAI-PMH 2.0, their arguments, and every way of asking wrongly (§3.6, §4)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Verb(StrEnum):
    IDENTIFY = "Identify"
    LIST_FORMATS = "ListMetadataFormats"
    LIST_SETS = "ListSets"
    GET_RECORD = "GetRecord"
    LIST_IDENTIFIERS = "ListIdentifiers"
    LIST_RECORDS = "ListRecords"


class ErrorCode(StrEnum):
    BAD_ARGUMENT = "badArgument"
    BAD_TOKEN = "badResumptionToken"  # noqa: S105 - no password
    BAD_VERB = "badVerb"
    CANNOT_DISSEMINATE = "cannotDisseminateFormat"
    ID_DOES_NOT_EXIST = "idDoesNotExist"
    NO_RECORDS = "noRecordsMatch"
    NO_SETS = "noSetHierarchy"


class OaiError(Exception):
    """One of the protocol's own errors; the text is English, as the protocol is."""

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class _Allowed:
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    takes_token: bool = False  # as the exclusive argument


_RANGE = frozenset({"from", "until", "set"})
_PREFIX = frozenset({"metadataPrefix"})
_ALLOWED = {
    Verb.IDENTIFY: _Allowed(),
    Verb.LIST_FORMATS: _Allowed(optional=frozenset({"identifier"})),
    Verb.LIST_SETS: _Allowed(takes_token=True),
    Verb.GET_RECORD: _Allowed(required=_PREFIX | {"identifier"}),
    Verb.LIST_IDENTIFIERS: _Allowed(required=_PREFIX, optional=_RANGE, takes_token=True),
    Verb.LIST_RECORDS: _Allowed(required=_PREFIX, optional=_RANGE, takes_token=True),
}
TOKEN = "resumptionToken"  # noqa: S105 - the name of an argument


@dataclass(frozen=True, slots=True, kw_only=True)
class OaiRequest:
    verb: Verb
    arguments: Mapping[str, str] = field(default_factory=dict)  # without the verb

    @property
    def token(self) -> str:
        return self.arguments.get(TOKEN, "")


def parse_request(pairs: Iterable[tuple[str, str]]) -> OaiRequest:
    """A request that keeps to the rules. Raises OaiError badVerb or badArgument."""
    pairs = list(pairs)
    verbs = [value for name, value in pairs if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in set(Verb):
        text = "the verb is missing" if not verbs else "the verb is repeated or unknown"
        raise OaiError(ErrorCode.BAD_VERB, text)
    verb = Verb(verbs[0])
    arguments = {name: value for name, value in pairs if name != "verb"}
    repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    _refuse("repeated", repeated)
    allowed = _ALLOWED[verb]
    if TOKEN in arguments and allowed.takes_token:
        _refuse("not allowed beside resumptionToken", arguments.keys() - {TOKEN})
        return OaiRequest(verb=verb, arguments=arguments)
    _refuse(f"not allowed with {verb}", arguments.keys() - allowed.required - allowed.optional)
    _refuse("missing", allowed.required - arguments.keys())
    return OaiRequest(verb=verb, arguments=arguments)


def _refuse(what: str, names: Iterable[str]) -> None:
    if found := sorted(names):
        shown = ", ".join(name[:40] for name in found[:10])
        raise OaiError(ErrorCode.BAD_ARGUMENT, f"{what}: {shown}")


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def parse_range(arguments: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """``from`` (inclusive) and the moment after ``until`` (exclusive), both UTC (§2.7.1).

    Raises OaiError badArgument for another form, two granularities, or an end before its start.
    """
    since, until = arguments.get("from"), arguments.get("until")
    if since is not None and until is not None and len(since) != len(until):
        raise OaiError(ErrorCode.BAD_ARGUMENT, "from and until differ in granularity")
    start = _moment("from", since) if since is not None else None
    end = _moment("until", until) if until is not None else None
    if start and end and start > end:
        raise OaiError(ErrorCode.BAD_ARGUMENT, "from is later than until")
    if end is None or until is None:
        return start, None
    step = timedelta(days=1) if len(until) == 10 else timedelta(seconds=1)
    last = datetime.max.replace(tzinfo=UTC)
    return start, end + step if end < last - step else last


def _moment(name: str, text: str) -> datetime:
    try:
        if _DAY.fullmatch(text):
            return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        if _SECOND.fullmatch(text):
            return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        pass  # the 30th of February
    expected = "YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ"
    raise OaiError(ErrorCode.BAD_ARGUMENT, f"{name} is not a date of the form {expected}")


_SAFE = re.compile(r"[^A-Za-z0-9_.!*'()-]")  # §4.6, less "~", which marks what was replaced
_REPLACED = re.compile(r"~([0-9A-F]{2})")


def set_spec(agency_code: str) -> str:
    """An institution's code as a setSpec; other characters become ~XX of their UTF-8 bytes."""
    return _SAFE.sub(lambda m: "".join(f"~{byte:02X}" for byte in m[0].encode()), agency_code)


def agency_code(spec: str) -> str:
    """The inverse; what no code gives comes back as something no institution is called."""
    plain = _REPLACED.sub(lambda m: chr(int(m[1], 16)), spec)
    return plain.encode("latin-1", "replace").decode("utf-8", "replace")
