"""The query tree becomes an engine query; what is typed wrongly is forgiven only when asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tantivy import Query as Engine
from tantivy import Searcher

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
from catalog.search.sounds import START, letter_pairs, neighbours

MAX_INITIALS = 12
COMMON_WORD = 200  # works with a Latin word that is then no pinyin beside other words
# How much more a match in a field says about relevance than one anywhere.
_LIFTS = {"title": 3.0, "author": 2.4}
_ANYWHERE = "any"
_CHARS = {
    Field.ANY: ("title_chars", "author_chars"),
    Field.TITLE: ("title_chars",),
    Field.AUTHOR: ("author_chars",),
}
_EXACT_BOOST = 30.0  # the book itself stands before books about it
_OPENING_BOOST = 3.0  # a title that begins with what was typed
_SOUND_WHOLE, _SOUND_START, _SOUND_INSIDE = 12.0, 2.0, 3.0
_IDENTIFIER_SCORE, _SHELF_SCORE, _BEGINNING_SCORE = 40.0, 5.0, 0.5
_FIRST_SLIP_AT, _SECOND_SLIP_AT = 4, 8  # letters of a word that may be off by one, by two
_FORGIVEN_PAIRS = 0.5  # of the pairs of a Han text that must be right


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """One way of asking: ranked or only counted, to the letter or forgiving.

    The searcher is where the words that begin as typed are looked up.
    """

    searcher: Searcher
    is_ranked: bool = True
    is_forgiving: bool = False

    def query(self, query: Query) -> Engine:
        """The tree under its filters, and a lift for works that are exactly what was typed."""
        asked = self.node(query.root)
        keys = {key for key in (title_key(query.typed), person_key(query.typed)) if key}
        lifts: list[Engine] = []
        if self.is_ranked and not isinstance(query.root, Everything):
            known = [key for key in keys if self._is_known("exact", key)]
            lifts = [engine.constant(engine.term("exact", key), _EXACT_BOOST) for key in known]
        return with_filters(engine.lifted(asked, lifts), query.filters)

    def node(self, node: Node) -> Engine:  # noqa: PLR0911 - one return for each kind of node
        match node:
            case Term():
                return self._term(node)
            case Phrase():
                return self._phrase(node)
            case Sound():
                return self._sound(node)
            case And(parts=parts):
                wanted = [self._part(part) for part in parts if not isinstance(part, Not)]
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
            return special(self.searcher, node.text)
        pieces = words(node.text, overlapping=False)
        if not pieces:
            return engine.nothing()
        if self.is_forgiving and has_han(node.text):
            return self._misspelt_han(node)
        last = len(pieces) - 1
        asked = [
            self._word(word, node.field, is_prefix=node.is_prefix and i == last)
            for i, word in enumerate(pieces)
        ]
        if not self.is_ranked or node.field not in (Field.ANY, Field.TITLE):
            return engine.all_of(asked)
        return engine.lifted(engine.all_of(asked), self._title_lifts(node.text, pieces))

    def _title_lifts(self, text: str, pieces: list[str]) -> list[Engine]:
        """Whole words, the pieces side by side, and a title that begins with them."""
        words_of_more = [word for word in pieces if len(word) > 1 and has_han(word)]
        lifts = [engine.term("title_words", word) for word in words_of_more]
        tokens = pairs(text)
        if len(tokens) > 1 and len(pieces) > 1:
            lifts.append(engine.boost(engine.phrase("title", tokens), _LIFTS["title"]))
        opening = START + tokens[0]
        if self._is_known("title", opening):
            begins = engine.phrase("title", [opening, *tokens[1:]])
            lifts.append(engine.constant(begins, _OPENING_BOOST))
        return lifts

    def _is_known(self, name: str, token: str) -> bool:
        """A lift that matches nothing costs as much as one that does."""
        return self.searcher.doc_freq(name, token) > 0

    def _word(self, word: str, field: Field, *, is_prefix: bool) -> Engine:
        """One word, anywhere or in one field."""
        if len(word) == 1 and has_han(word) and (chars := _CHARS.get(field)):
            return engine.best_of([engine.term(name, word) for name in chars])
        exactly = engine.side_by_side(field.value, word)
        found = [exactly]
        if is_prefix:
            found = [self._beginning(field.value, word, score=_BEGINNING_SCORE)]
        if self.is_forgiving and (slips := _slips(word)):
            close = engine.close_to(field.value, word, distance=slips)
            found.append(engine.constant(close, _BEGINNING_SCORE))
        lifts = [exactly] if is_prefix else []
        if field is Field.ANY and self.is_ranked:
            lifts += self._field_lifts(word)
        return engine.lifted(engine.best_of(found), lifts if self.is_ranked else ())

    def _field_lifts(self, text: str) -> list[Engine]:
        """The same tokens where they say more."""
        tokens = pairs(text)
        return [
            engine.boost(engine.phrase(name, tokens), much)
            for name, much in _LIFTS.items()
            if tokens and all(self._is_known(name, token) for token in tokens)
        ]

    def _beginning(self, name: str, word: str, *, score: float) -> Engine:
        return engine.constant(engine.beginning(self.searcher, name, word), score)

    def _misspelt_han(self, node: Term) -> Engine:
        """A wrong character that sounds right, or most of the pairs."""
        found = [self._sound(Sound(text=_sounds_of(node.text), field=node.field))]
        tokens = pairs(node.text)
        if len(tokens) > 1:
            at_least = max(1, round(len(tokens) * _FORGIVEN_PAIRS))
            fields = (Field.ANY, Field.TITLE) if node.field is Field.ANY else (node.field,)
            for field in fields:
                right = [engine.term(field.value, token) for token in tokens]
                found.append(engine.most_of(right, at_least=at_least))
        return engine.best_of(found)

    def _phrase(self, node: Phrase) -> Engine:
        if special := _SPECIAL_FIELDS.get(node.field):
            return special(self.searcher, node.text)
        if len(characters(node.text)) == 1:
            return self._term(Term(text=node.text, field=node.field))
        found = engine.side_by_side(node.field.value, node.text)
        if not self.is_ranked or node.field is not Field.ANY:
            return found
        return engine.lifted(found, self._field_lifts(node.text))

    def _part(self, node: Node) -> Engine:
        """One of several that must all match: a common English word is not tried as pinyin."""
        match node:
            case Or(parts=(Term() as word, *others)) if self._is_common(word.text):
                others = [other for other in others if not isinstance(other, Sound)]
                return engine.best_of([self._term(word), *map(self.node, others)])
        return self.node(node)

    def _is_common(self, word: str) -> bool:
        return self.searcher.doc_freq(_ANYWHERE, fold(word)) >= COMMON_WORD

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
            for way in split_pinyin(node.text):
                if len(way) > 1:
                    found.append(self._syllables(name, way))
                elif not self._is_common(solid):
                    found.append(_first_syllable(name, way[0]))
            if self.is_forgiving and (slips := _slips(solid)):
                close = engine.close_to(f"{name}_sounds", solid, distance=slips, is_prefix=True)
                found.append(engine.constant(close, _SOUND_INSIDE))
        return engine.best_of(found)

    def _letters(self, name: str, letters: str) -> Engine:
        tokens = letter_pairs(letters)
        inside = engine.phrase(f"{name}_letters", tokens)
        if not self.is_ranked:
            return inside
        start = engine.phrase(f"{name}_letters", [START + letters[0], *tokens])
        return _best_at_the_start(inside, start)

    def _syllables(self, name: str, syllables: tuple[str, ...]) -> Engine:
        """Side by side; the last may be unfinished."""
        field, tokens = f"{name}_syllables", neighbours(syllables)
        inside = engine.unfinished_phrase(self.searcher, field, tokens)
        if not self.is_ranked:
            return inside
        first = neighbours((START, syllables[0]))
        start = engine.unfinished_phrase(self.searcher, field, [*first, *tokens])
        return _best_at_the_start(inside, start)


def _first_syllable(name: str, syllable: str) -> Engine:
    """One syllable alone says little: only what begins with it."""
    (token,) = neighbours((START, syllable))
    return engine.constant(engine.term(f"{name}_syllables", token), _SOUND_START)


def _best_at_the_start(inside: Engine, start: Engine) -> Engine:
    start = engine.constant(start, _SOUND_START)
    return engine.lifted(engine.constant(inside, _SOUND_INSIDE), [start])


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


def _slips(word: str) -> int:
    """How many slips of the finger a word of this length is forgiven."""
    if not word.isascii() or len(word) < _FIRST_SLIP_AT:
        return 0
    return 2 if len(word) >= _SECOND_SLIP_AT else 1


def _sounds_of(text: str) -> str:
    return " ".join(pinyin_forms(text).syllables)


def _identifier(_searcher: Searcher, text: str) -> Engine:
    found = engine.any_term("identifier", identifier_forms(text))
    return engine.constant(found, _IDENTIFIER_SCORE)


def _barcode(_searcher: Searcher, text: str) -> Engine:
    return engine.constant(engine.term("barcode", text.strip().upper()), _IDENTIFIER_SCORE)


def _shelf(name: str) -> Callable[[Searcher, str], Engine]:
    """Everything that stands under this class or call number: CLC is decimal, so a prefix."""

    def ask(searcher: Searcher, text: str) -> Engine:
        if not (key := call_number_key(text).rstrip(" ")):
            return engine.nothing()
        return engine.constant(engine.beginning(searcher, name, key), _SHELF_SCORE)

    return ask


_SPECIAL_FIELDS: dict[Field, Callable[[Searcher, str], Engine]] = {
    Field.IDENTIFIER: _identifier,
    Field.BARCODE: _barcode,
    Field.CALL_NUMBER: _shelf("call_number"),
    Field.CLASS: _shelf("class_number"),
}
