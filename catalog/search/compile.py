"""The query tree becomes an engine query; what is typed wrongly is forgiven only when asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tantivy import Query as Engine

from catalog.domain.callnumber import call_number_key
from catalog.domain.query import (
    And,
    Everything,
    Field,
    Filters,
    Languages,
    Node,
    Not,
    Or,
    Phrase,
    Query,
    Sound,
    Term,
    Works,
    Years,
    identifier_forms,
)
from catalog.domain.text import (
    characters,
    fold,
    has_han,
    pairs,
    person_key,
    pinyin_forms,
    pinyin_key,
    split_pinyin,
    title_key,
    words,
)
from catalog.search import engine
from catalog.search.schema import opening
from catalog.search.sounds import START, letter_pairs, neighbours

MAX_INITIALS = 12
# How much a match in a field says about relevance, relative to a subject heading.
_BOOSTS = {"title": 3.0, "author": 2.4, "subject": 1.0, "series": 1.0, "publisher": 0.7,
           "notes": 0.4}  # fmt: skip
_CHARS = {"title": "title_chars", "author": "author_chars"}
_EXACT_BOOST = 30.0  # the book itself stands before books about it
_OPENING_BOOST = 3.0  # a title that begins with what was typed
_SOUND_WHOLE, _SOUND_START, _SOUND_INSIDE = 12.0, 2.0, 3.0
_IDENTIFIER_SCORE, _SHELF_SCORE, _BEGINNING_SCORE = 40.0, 5.0, 0.5
_FIRST_SLIP_AT, _SECOND_SLIP_AT = 4, 8  # letters of a word that may be off by one, by two
_FORGIVEN_PAIRS = 0.5  # of the pairs of a Han text that must be right


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """One way of asking: ranked or only counted, to the letter or forgiving."""

    is_ranked: bool = True
    is_forgiving: bool = False

    def query(self, query: Query) -> Engine:
        """The tree under its filters, and a lift for works that are exactly what was typed."""
        asked = self.node(query.root)
        keys = {key for key in (title_key(query.typed), person_key(query.typed)) if key}
        lifts: list[Engine] = []
        if self.is_ranked and not isinstance(query.root, Everything):
            lifts = [engine.constant(engine.term("exact", k), _EXACT_BOOST) for k in keys]
        return with_filters(engine.all_of([asked], lifts=lifts), query.filters)

    def node(self, node: Node) -> Engine:  # noqa: PLR0911 - one return for each kind of node
        match node:
            case Term():
                return self._term(node)
            case Phrase():
                return self._phrase(node)
            case Sound():
                return self._sound(node)
            case And(parts=parts):
                wanted = [self.node(part) for part in parts if not isinstance(part, Not)]
                unwanted = [self.node(part.part) for part in parts if isinstance(part, Not)]
                return engine.all_of(wanted or [engine.everything()], but_not=unwanted)
            case Or(parts=parts):
                return engine.best_of([self.node(part) for part in parts])
            case Not(part=part):
                return engine.all_of([engine.everything()], but_not=[self.node(part)])
            case _:
                return _without_words(node)

    # --- words -----------------------------------------------------------------------------------

    def _term(self, node: Term) -> Engine:
        if special := _SPECIAL_FIELDS.get(node.field):
            return special(node.text)
        pieces = words(node.text, overlapping=False)
        if not pieces:
            return engine.nothing()
        if self.is_forgiving and has_han(node.text):
            return self._misspelt_han(node)
        fields = _text_fields(node.field)
        last = len(pieces) - 1
        asked = [
            self._word(word, fields, is_prefix=node.is_prefix and i == last)
            for i, word in enumerate(pieces)
        ]
        has_lifts = self.is_ranked and "title" in fields
        return engine.all_of(asked, lifts=_title_lifts(node.text, pieces) if has_lifts else ())

    def _word(self, word: str, fields: dict[str, float], *, is_prefix: bool) -> Engine:
        """One word anywhere in any of the fields, counted where it says most."""
        found: list[Engine] = []
        is_one_character = len(word) == 1 and has_han(word)
        for name, weight in fields.items():
            if is_one_character and name in _CHARS:
                found.append(engine.boost(engine.term(_CHARS[name], word), weight))
                continue
            found.append(engine.boost(engine.side_by_side(name, word), weight))
            if is_prefix:
                found.append(engine.constant(engine.prefix(name, word), _BEGINNING_SCORE * weight))
            if self.is_forgiving and (slips := _slips(word)):
                close = engine.close_to(name, word, distance=slips)
                found.append(engine.constant(close, _BEGINNING_SCORE * weight))
        return engine.best_of(found)

    def _misspelt_han(self, node: Term) -> Engine:
        """A wrong character that sounds right, or most of the pairs."""
        found = [self._sound(Sound(text=_sounds_of(node.text), field=node.field))]
        tokens = pairs(node.text)
        if len(tokens) > 1:
            at_least = max(1, round(len(tokens) * _FORGIVEN_PAIRS))
            for name in _text_fields(node.field):
                right = [engine.term(name, token) for token in tokens]
                found.append(engine.most_of(right, at_least=at_least))
        return engine.best_of(found)

    def _phrase(self, node: Phrase) -> Engine:
        if special := _SPECIAL_FIELDS.get(node.field):
            return special(node.text)
        if len(characters(node.text)) == 1:
            return self._term(Term(text=node.text, field=node.field))
        fields = _text_fields(node.field)
        return engine.best_of(
            [engine.boost(engine.side_by_side(name, node.text), b) for name, b in fields.items()]
        )

    # --- sounds ----------------------------------------------------------------------------------

    def _sound(self, node: Sound) -> Engine:
        """Pinyin of a title or name: whole, its initials, or part of either, best at the start."""
        solid = pinyin_key(node.text)
        initials = fold(node.text).replace(" ", "")
        if len(solid) < 2:
            return engine.nothing()
        found: list[Engine] = []
        for name in ("title", "author"):
            if node.field not in (Field.ANY, Field(name)):
                continue
            whole = engine.any_term(f"{name}_sounds", sorted({solid, initials}))
            found.append(engine.constant(whole, _SOUND_WHOLE))
            if len(initials) <= MAX_INITIALS:
                found.append(self._letters(name, initials))
            ways = [way for way in split_pinyin(node.text) if len(way) > 1]
            found += [self._syllables(name, way) for way in ways]
            if self.is_forgiving and (slips := _slips(solid)):
                close = engine.close_to(f"{name}_sounds", solid, distance=slips, is_prefix=True)
                found.append(engine.constant(close, _SOUND_INSIDE))
        return engine.best_of(found)

    def _letters(self, name: str, letters: str) -> Engine:
        tokens = letter_pairs(letters)
        return self._anywhere(f"{name}_letters", tokens, first=START + letters[0])

    def _syllables(self, name: str, syllables: tuple[str, ...]) -> Engine:
        """Side by side; the last may be unfinished."""
        tokens = neighbours(syllables)
        first = neighbours((START, syllables[0]))[0]
        return self._anywhere(f"{name}_syllables", tokens, first=first, is_unfinished=True)

    def _anywhere(
        self, field: str, tokens: list[str], *, first: str, is_unfinished: bool = False
    ) -> Engine:
        inside = engine.phrase(field, tokens, is_unfinished=is_unfinished)
        if not self.is_ranked:
            return inside
        start = engine.phrase(field, [first, *tokens], is_unfinished=is_unfinished)
        return engine.all_of(
            [engine.constant(inside, _SOUND_INSIDE)], lifts=[engine.constant(start, _SOUND_START)]
        )


def _without_words(node: Everything | Works | Years | Languages) -> Engine:
    match node:
        case Everything():
            return engine.everything()
        case Works(ids=ids):
            return engine.any_term("id", ids) if ids else engine.nothing()
        case Years(first=first, last=last):
            return engine.between("year", first, last)
        case Languages(codes=codes):
            return engine.constant(engine.any_term("language", codes), 1.0)


def with_filters(asked: Engine, filters: Filters) -> Engine:
    sets: list[tuple[str, list[Any]]] = [
        ("available_at", sorted(filters.available_at)),
        ("held_at", sorted(filters.held_at)),
        ("language", sorted(filters.languages)),
        ("decade", sorted(filters.decades)),
        ("material", sorted(filters.materials)),
        ("clc", sorted(filters.classes)),
        ("audience", sorted(filters.audiences)),
    ]
    wanted = [engine.any_term(name, values) for name, values in sets if values]
    if filters.is_available and not filters.available_at:
        wanted.append(engine.term("is_available", 1))
    # A filter says yes or no; a score of nought keeps it out of the ranking.
    return engine.all_of([asked, *(engine.constant(query, 0.0) for query in wanted)])


def _title_lifts(text: str, pieces: list[str]) -> list[Engine]:
    """Whole words, the pieces side by side, and a title that begins with them."""
    lifts = [engine.term("title_words", word) for word in pieces if len(word) > 1]
    tokens = pairs(text)
    if len(tokens) > 1 and len(pieces) > 1:
        lifts.append(engine.boost(engine.phrase("title", tokens), _BOOSTS["title"]))
    if len(tokens[0]) > 1 or not has_han(text):
        begins = engine.phrase("title", [opening(tokens), *tokens])
        lifts.append(engine.constant(begins, _OPENING_BOOST))
    return lifts


def _slips(word: str) -> int:
    """How many slips of the finger a word of this length is forgiven."""
    if not word.isascii() or len(word) < _FIRST_SLIP_AT:
        return 0
    return 2 if len(word) >= _SECOND_SLIP_AT else 1


def _sounds_of(text: str) -> str:
    return " ".join(pinyin_forms(text).syllables)


def _text_fields(asked: Field) -> dict[str, float]:
    return _BOOSTS if asked is Field.ANY else {asked.value: _BOOSTS[asked.value]}


def _identifier(text: str) -> Engine:
    found = engine.any_term("identifier", identifier_forms(text))
    return engine.constant(found, _IDENTIFIER_SCORE)


def _barcode(text: str) -> Engine:
    return engine.constant(engine.term("barcode", text.strip().upper()), _IDENTIFIER_SCORE)


def _shelf(name: str) -> Callable[[str], Engine]:
    """Everything that stands under this class or call number: CLC is decimal, so a prefix."""

    def ask(text: str) -> Engine:
        key = call_number_key(text).rstrip(" ")
        return engine.constant(engine.prefix(name, key), _SHELF_SCORE) if key else engine.nothing()

    return ask


_SPECIAL_FIELDS: dict[Field, Callable[[str], Engine]] = {
    Field.IDENTIFIER: _identifier,
    Field.BARCODE: _barcode,
    Field.CALL_NUMBER: _shelf("call_number"),
    Field.CLASS: _shelf("class_number"),
}
