"""CQL 1.2, the query language of SRU, read into a tree of its own and then into our query tree.

Grammar: OASIS searchRetrieve part 5. What it allows and we cannot answer is refused with the
number of the SRU diagnostic that says so; nothing is guessed. Depth and length are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from catalog.domain.folding import fold
from catalog.domain.query import (
    And,
    Everything,
    Field,
    Languages,
    Node,
    Not,
    Or,
    Phrase,
    Term,
    Works,
    Years,
)

MAX_LENGTH = 2000  # characters
MAX_CLAUSES = 64
MAX_DEPTH = 24  # of brackets
MAX_WORDS = 64  # of one term


class Diagnostic(IntEnum):
    """Numbers of info:srw/diagnostic/1/ that a query can earn."""

    SYNTAX = 10
    TOO_LONG = 12
    CONTEXT_SET = 15
    INDEX = 16
    RELATION = 19
    RELATION_MODIFIER = 20
    EMPTY_TERM = 27
    MASKING = 28
    ANCHOR = 31
    TERM_FORMAT = 36
    BOOLEAN = 37
    TOO_MANY_BOOLEANS = 38
    PROXIMITY = 39
    BOOLEAN_MODIFIER = 46
    SORT = 80


class CqlError(ValueError):
    """A query we do not answer, and what in it."""

    def __init__(self, diagnostic: Diagnostic, details: str = "") -> None:
        super().__init__(f"{diagnostic.name}: {details}")
        self.diagnostic = diagnostic
        self.details = details[:100]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One search clause; index and relation in lower case, as CQL ignores their case."""

    index: str
    relation: str
    term: str  # unquoted; a backslash still protects the character after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean:
    operator: str  # and, or, not
    left: Cql
    right: Cql


Cql = Clause | Boolean


@dataclass(frozen=True, slots=True, kw_only=True)
class SortKey:
    index: str
    is_descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CqlQuery:
    root: Cql
    sort: tuple[SortKey, ...] = ()


# --- reading -------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<sign>==|<=|>=|<>|[()=<>/])'
    r'|(?P<word>(?:[^\s()=<>"/\\]|\\.)+))',
    re.DOTALL,
)
_BOOLEANS = ("and", "or", "not", "prox")
_NAMED = ("any", "all", "exact", "adj", "within", "encloses", "scr")
_SIGNS = ("=", "==", "<", ">", "<=", ">=", "<>")
_SETS = ("cql", "dc", "bath", "rec", "srw")
_SERVER_CHOICE = "cql.serverchoice"


def parse_cql(text: str) -> CqlQuery:
    """The query as a tree. Raises CqlError for what is wrong, too long or too deep."""
    if len(text) > MAX_LENGTH:
        raise CqlError(Diagnostic.TOO_LONG, f"at most {MAX_LENGTH} characters")
    parser = _Parser(_tokens(text))
    root = parser.query(depth=0)
    sort = parser.sort_keys()
    if parser.peek():
        raise CqlError(Diagnostic.SYNTAX, f"unexpected {parser.peek()}")
    return CqlQuery(root=root, sort=sort)


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise CqlError(Diagnostic.SYNTAX, f"cannot read {text[at : at + 20].strip()}")
        found.append(match["quoted"] or match["sign"] or match["word"])
        at = match.end()
    return found


class _Parser:
    """Recursive descent over the tokens; the only recursion is into brackets."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._clauses = 0

    def peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def _next(self, expected: str) -> str:
        found = self.peek()
        if not found:
            raise CqlError(Diagnostic.SYNTAX, f"{expected} is missing at the end")
        self._at += 1
        return found

    def query(self, *, depth: int) -> Cql:
        """Clauses joined by booleans, all of equal rank, from left to right."""
        self._refuse_prefix_maps()
        left = self._clause(depth=depth)
        while self.peek().lower() in _BOOLEANS:
            operator = self._next("a boolean").lower()
            if operator == "prox":
                raise CqlError(Diagnostic.PROXIMITY, operator)
            if self.peek() == "/":
                raise CqlError(Diagnostic.BOOLEAN_MODIFIER, self.peek(1))
            left = Boolean(operator=operator, left=left, right=self._clause(depth=depth))
        return left

    def _refuse_prefix_maps(self) -> None:
        if self.peek() == ">":
            raise CqlError(Diagnostic.CONTEXT_SET, "prefixes cannot be mapped; use dc, bath, rec")

    def _clause(self, *, depth: int) -> Cql:
        token = self._next("a search clause")
        if token == "(":  # noqa: S105 - a bracket
            if depth >= MAX_DEPTH:
                raise CqlError(Diagnostic.TOO_MANY_BOOLEANS, f"at most {MAX_DEPTH} brackets deep")
            inside = self.query(depth=depth + 1)
            if self._next("a closing bracket") != ")":
                raise CqlError(Diagnostic.SYNTAX, "a closing bracket is missing")
            return inside
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise CqlError(Diagnostic.TOO_MANY_BOOLEANS, f"at most {MAX_CLAUSES} clauses")
        _refuse_sign(token)
        relation = self._relation()
        if not relation:
            return Clause(index=_SERVER_CHOICE, relation="=", term=_unquoted(token))
        term = self._next("a term")
        _refuse_sign(term)
        return Clause(index=_unquoted(token).lower(), relation=relation, term=_unquoted(term))

    def _relation(self) -> str:
        """The relation, empty when the clause is a bare term."""
        relation = self.peek().lower().removeprefix("cql.")
        is_named = relation in _NAMED or ("." in relation and self.peek(1) not in ("", ")"))
        if relation not in _SIGNS and not (is_named and self._is_term(1)):
            return ""
        self._at += 1
        if self.peek() == "/":
            raise CqlError(Diagnostic.RELATION_MODIFIER, self.peek(1))
        return relation

    def _is_term(self, ahead: int) -> bool:
        found = self.peek(ahead)
        return bool(found) and (found == "/" or (found not in _SIGNS and found not in "()"))

    def sort_keys(self) -> tuple[SortKey, ...]:
        if self.peek().lower() != "sortby":
            return ()
        self._at += 1
        found: list[SortKey] = []
        while self.peek() and len(found) < MAX_CLAUSES:
            index = self._next("an index").lower()
            _refuse_sign(index)
            is_descending = False
            while self.peek() == "/":
                self._at += 1
                modifier = self._next("a sort modifier").lower()
                if modifier not in ("sort.ascending", "sort.descending"):
                    raise CqlError(Diagnostic.SORT, modifier)
                is_descending = modifier == "sort.descending"
            found.append(SortKey(index=_unquoted(index), is_descending=is_descending))
        if not found:
            raise CqlError(Diagnostic.SYNTAX, "sortBy names no index")
        return tuple(found)


def _refuse_sign(token: str) -> None:
    if token in (*_SIGNS, "(", ")", "/"):
        raise CqlError(Diagnostic.SYNTAX, f"unexpected {token}")


def _unquoted(token: str) -> str:
    return token[1:-1] if token.startswith('"') else token


# --- meaning -------------------------------------------------------------------------------------

TEXT_INDEXES = {
    "cql.serverchoice": Field.ANY, "cql.anywhere": Field.ANY, "cql.any": Field.ANY,
    "dc.title": Field.TITLE, "bath.title": Field.TITLE, "dc.creator": Field.AUTHOR,
    "dc.contributor": Field.AUTHOR, "bath.author": Field.AUTHOR, "bath.name": Field.AUTHOR,
    "dc.subject": Field.SUBJECT, "bath.subject": Field.SUBJECT, "dc.publisher": Field.PUBLISHER,
    "dc.relation": Field.SERIES,
}  # fmt: skip
NUMBER_INDEXES = ("dc.identifier", "bath.isbn", "bath.issn", "bath.standardidentifier")
DATE_INDEXES = ("dc.date", "bath.publicationdate")
LANGUAGE_INDEXES = ("dc.language",)
RECORD_INDEXES = ("rec.identifier", "rec.id")
ALL_INDEXES = ("cql.allrecords",)
_LENIENT = {  # what people type without a context set
    name.partition(".")[2]: name
    for name in (*TEXT_INDEXES, *NUMBER_INDEXES, *DATE_INDEXES, *LANGUAGE_INDEXES)
    if not name.startswith("bath.") or name in ("bath.isbn", "bath.issn")
}  # fmt: skip
_EQUALS = ("=", "==", "exact", "scr")

FindWorks = Callable[[Sequence[str]], Sequence[int]]
"""Public ids as typed to the works they belong to."""


def to_query(query: Cql, *, find_works: FindWorks) -> Node:
    """What the query asks of our index. Raises CqlError for an index or relation we lack."""
    # Left chains as long as MAX_CLAUSES are common; brackets are at most MAX_DEPTH deep.
    if isinstance(query, Clause):
        return _clause_node(query, find_works)
    operator, parts = query.operator, [query.right]
    left = query.left
    while isinstance(left, Boolean) and left.operator == operator:
        parts.append(left.right)
        left = left.left
    first, *rest = (to_query(one, find_works=find_works) for one in [left, *reversed(parts)])
    if operator == "or":
        return Or(parts=(first, *rest))
    if operator == "not":
        return And(parts=(first, *(Not(part=one) for one in rest)))
    return And(parts=(first, *rest))


def _clause_node(clause: Clause, find_works: FindWorks) -> Node:
    index = _LENIENT.get(clause.index, clause.index)
    if not clause.term.strip():
        raise CqlError(Diagnostic.EMPTY_TERM, clause.index)
    if index in TEXT_INDEXES:
        return _text(clause, TEXT_INDEXES[index])
    if index in DATE_INDEXES:
        return _date(clause)
    if index in NUMBER_INDEXES:
        numbers = [Term(text=text, field=Field.IDENTIFIER) for text in _values(clause)]
        return numbers[0] if len(numbers) == 1 else Or(parts=tuple(numbers))
    if index in LANGUAGE_INDEXES:
        return Languages(codes=tuple(value.lower() for value in _values(clause)))
    if index in RECORD_INDEXES:
        return Works(ids=tuple(find_works(_values(clause))))
    if index in ALL_INDEXES:
        return Everything()
    prefix, dot, _name = clause.index.partition(".")
    is_foreign = dot and prefix not in _SETS
    raise CqlError(Diagnostic.CONTEXT_SET if is_foreign else Diagnostic.INDEX, clause.index)


def _text(clause: Clause, where: Field) -> Node:
    """Words anywhere in the field, all or any of them, or side by side."""
    if clause.relation in ("exact", "==", "adj"):
        return Phrase(text=_plain(clause.term), field=where)
    if clause.relation not in ("=", "scr", "all", "any"):
        raise CqlError(Diagnostic.RELATION, clause.relation)
    words = [_word(word, where) for word in _words(clause.term)]
    if len(words) == 1:
        return words[0]
    return Or(parts=tuple(words)) if clause.relation == "any" else And(parts=tuple(words))


def _words(term: str) -> list[str]:
    """Pieces between blanks that say something, so that a lone dash does not exclude all."""
    pieces = term.split()
    found = [piece for piece in pieces if fold(piece)] or pieces
    if len(found) > MAX_WORDS:
        raise CqlError(Diagnostic.TOO_LONG, f"at most {MAX_WORDS} words in a term")
    return found


def _word(text: str, where: Field) -> Node:
    is_prefix = text.endswith("*") and not text.endswith("\\*")
    plain = _plain(text[:-1] if is_prefix else text)
    if not plain.strip():
        raise CqlError(Diagnostic.MASKING, text)
    word: Node = Term(text=plain, field=where, is_prefix=is_prefix)
    if where is Field.ANY and sum(map(str.isdigit, plain)) >= 5:
        return Or(parts=(word, Term(text=plain, field=Field.IDENTIFIER)))
    return word


_UNPROTECTED = re.compile(r"\\(.)|([*?^])", re.DOTALL)


def _plain(text: str) -> str:
    """The term without its backslashes. Raises CqlError for masks and anchors inside it."""

    def spell(match: re.Match[str]) -> str:
        if match[2]:
            anchor = match[2] == "^"
            raise CqlError(Diagnostic.ANCHOR if anchor else Diagnostic.MASKING, match[2])
        return match[1]

    return _UNPROTECTED.sub(spell, text)


def _values(clause: Clause) -> list[str]:
    """The one value of a coded index, or several after ``any``."""
    text = _plain(clause.term)
    if clause.relation in _EQUALS:
        return [text.strip()]
    if clause.relation != "any":
        raise CqlError(Diagnostic.RELATION, clause.relation)
    return text.split()[:MAX_WORDS]


_YEAR = re.compile(r"(\d{4})(?:-\d\d){0,2}", re.ASCII)


def _date(clause: Clause) -> Node:
    years = [_year(text) for text in _plain(clause.term).split()[:MAX_WORDS]]
    if clause.relation == "any":
        return Or(parts=tuple(Years(first=year, last=year) for year in years))
    if len(years) != (2 if clause.relation == "within" else 1):
        raise CqlError(Diagnostic.TERM_FORMAT, clause.term)
    first, last = years[0], years[-1]
    if clause.relation in (*_EQUALS, "within"):
        return Years(first=first, last=last)
    if clause.relation == "<>":
        return Not(part=Years(first=first, last=first))
    spans = {
        "<": Years(last=first - 1),
        "<=": Years(last=first),
        ">": Years(first=first + 1),
        ">=": Years(first=first),
    }
    if clause.relation not in spans:
        raise CqlError(Diagnostic.RELATION, clause.relation)
    return spans[clause.relation]


def _year(text: str) -> int:
    match = _YEAR.fullmatch(text)
    if match is None:
        raise CqlError(Diagnostic.TERM_FORMAT, f"{text} is no year")
    return int(match[1])
