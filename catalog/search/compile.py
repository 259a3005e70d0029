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
from catalog.search.schema import key_number
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
# Words close to one are looked for where words are few: pairs of Han make dictionaries ten times as
# large, and each of their words is looked at.
_SLIPS_IN = {
    Field.ANY: ("title_words", "author", "subject", "publisher"),
    Field.TITLE: ("title_words",),
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
        asked = self._whole(query.root)
        keys = {key_number(key) for key in (title_key(query.typed), person_key(query.typed)) if key}
        lifts: list[Engine] = []
        if self.is_ranked and not isinstance(query.root, Everything):
            known = [key for key in keys if self._is_known("exact", key)]
            lifts = [engine.constant(engine.term("exact", key), _EXACT_BOOST) for key in known]
        return with_filters(engine.lifted(asked, lifts), query.filters)

    def _whole(self, root: Node) -> Engine:
        """The root of the tree: what finds it is read side by side as one union.

        A union reads each list once to its end; asking it for each hit of another query would
        cost three times as much for the words that are everywhere.
        """
        parts = root.parts if isinstance(root, Or) else (root,)
        return engine.sum_of([way for part in parts for way in self._ways(part)])

    def _ways(self, part: Node) -> list[Engine]:
        match part:
            case Sound():
                return self._sounds(part)
            case Term(field=Field.ANY) if not self.is_forgiving:
                tokens = pairs(part.text)
                if len(tokens) == 1 and not _is_one_han(tokens[0]):
                    return self._one_token(tokens[0], is_prefix=part.is_prefix)
        return [self.node(part)]

    def _one_token(self, token: str, *, is_prefix: bool) -> list[Engine]:
        """One list of the index, and lists that are part of it and lift their works."""
        # Plain lists, each as good as the other: a factor on one would double the cost of all.
        lifts = [*_LIFTS, "title_words"] if self.is_ranked else []
        found = [(_ANYWHERE, token), *((name, token) for name in lifts)]
        if self.is_ranked:
            found.append(("title", START + token))
        ways = [engine.known_term(self.searcher, *one) for one in found]
        if is_prefix:
            ways.append(self._beginning(_ANYWHERE, token, score=_BEGINNING_SCORE))
        return ways

    def node(self, node: Node) -> Engine:
        match node:
            case Term() | Phrase() | And():
                return engine.lifted(*self._split(node))
            case Sound():
                return engine.sum_of(self._sounds(node))
            case Or(parts=parts):
                return engine.best_of([self.node(part) for part in parts])
            case Not(part=part):
                return engine.all_of([engine.everything()], but_not=[self.node(part)])
            case _:
                return _without_words(node)

    def _split(self, node: Node) -> tuple[Engine, list[Engine]]:
        """What must match, and what lifts only those that do; it is looked up for them alone."""
        match node:
            case Term(field=field) | Phrase(field=field) if field in _SPECIAL_FIELDS:
                return _SPECIAL_FIELDS[field](self.searcher, node.text), []
            case Term():
                return self._term(node)
            case Phrase(text=text, field=field) if len(characters(text)) == 1:
                return self._term(Term(text=text, field=field))
            case Phrase():
                return self._phrase(node)
            case And(parts=parts):
                wanted = [self._part(part) for part in parts if not isinstance(part, Not)]
                unwanted = [self.node(part.part) for part in parts if isinstance(part, Not)]
                must = [must for must, _ in wanted] or [engine.everything()]
                return engine.all_of(must, but_not=unwanted), [
                    lift for _, lifts in wanted for lift in lifts
                ]
        return self.node(node), []

    # --- words -----------------------------------------------------------------------------------

    def _term(self, node: Term) -> tuple[Engine, list[Engine]]:
        pieces = words(node.text, overlapping=False)
        if not pieces:
            return engine.nothing(), []
        if self.is_forgiving and has_han(node.text):
            return self._misspelt_han(node), []
        last = len(pieces) - 1
        asked = [
            self._word(word, node.field, is_prefix=node.is_prefix and i == last)
            for i, word in enumerate(pieces)
        ]
        lifts = [lift for _, lifts in asked for lift in lifts]
        if self.is_ranked and node.field in (Field.ANY, Field.TITLE):
            lifts += self._title_lifts(node.text, pieces)
        return engine.all_of([must for must, _ in asked]), lifts

    def _title_lifts(self, text: str, pieces: list[str]) -> list[Engine]:
        """Whole words, the pieces side by side, and a title that begins with them."""
        words_of_more = [word for word in pieces if len(word) > 1 and has_han(word)]
        lifts = [engine.known_term(self.searcher, "title_words", word) for word in words_of_more]
        tokens = pairs(text)
        if len(tokens) > 1 and len(pieces) > 1:
            lifts.append(engine.boost(self._phrase_in("title", tokens), _LIFTS["title"]))
        # That the rest follows is said by the pieces side by side; asking twice costs twice.
        begins = engine.known_term(self.searcher, "title", START + tokens[0])
        return [*lifts, engine.constant(begins, _OPENING_BOOST)]

    def _phrase_in(self, name: str, tokens: list[str]) -> Engine:
        return engine.phrase(self.searcher, name, tokens)

    def _is_known(self, name: str, token: str | int) -> bool:
        """A lift that matches nothing costs as much as one that does."""
        return self.searcher.doc_freq(name, token) > 0

    def _word(self, word: str, field: Field, *, is_prefix: bool) -> tuple[Engine, list[Engine]]:
        """One word, anywhere or in one field, and what lifts it."""
        if _is_one_han(word) and (chars := _CHARS.get(field)):
            found = [engine.known_term(self.searcher, name, word) for name in chars]
            return engine.best_of(found), []
        exactly = engine.side_by_side(self.searcher, field.value, word)
        found = [exactly]
        if is_prefix:
            found = [self._beginning(field.value, word, score=_BEGINNING_SCORE)]
        if self.is_forgiving and (slips := _slips(word)):
            names = _SLIPS_IN.get(field, (field.value,))
            close = [engine.close_to(name, word, distance=slips) for name in names]
            found.append(engine.constant(engine.sum_of(close), _BEGINNING_SCORE))
        lifts = [exactly] if is_prefix and self.is_ranked else []
        if field is Field.ANY and self.is_ranked:
            lifts += self._field_lifts(word)
        return engine.best_of(found), lifts

    def _field_lifts(self, text: str) -> list[Engine]:
        """The same tokens where they say more."""
        tokens = pairs(text)
        return [engine.boost(self._phrase_in(name, tokens), much) for name, much in _LIFTS.items()]

    def _beginning(self, name: str, word: str, *, score: float) -> Engine:
        return engine.constant(engine.beginning(self.searcher, name, word), score)

    def _misspelt_han(self, node: Term) -> Engine:
        """A wrong character that sounds right, or most of the pairs."""
        found = [self.node(Sound(text=_sounds_of(node.text), field=node.field))]
        tokens = pairs(node.text)
        if len(tokens) > 1:
            at_least = max(1, round(len(tokens) * _FORGIVEN_PAIRS))
            fields = (Field.ANY, Field.TITLE) if node.field is Field.ANY else (node.field,)
            for field in fields:
                right = [engine.term(field.value, token) for token in tokens]
                found.append(engine.most_of(right, at_least=at_least))
        return engine.best_of(found)

    def _phrase(self, node: Phrase) -> tuple[Engine, list[Engine]]:
        found = engine.side_by_side(self.searcher, node.field.value, node.text)
        is_lifted = self.is_ranked and node.field is Field.ANY
        return found, self._field_lifts(node.text) if is_lifted else []

    def _part(self, node: Node) -> tuple[Engine, list[Engine]]:
        """One of several that must all match: a common English word is not tried as pinyin."""
        match node:
            case Or(parts=(Term() as word, *others)) if self._is_common(word.text):
                others = [other for other in others if not isinstance(other, Sound)]
                return self._split(Or(parts=(word, *others)) if others else word)
        return self._split(node)

    def _is_common(self, word: str) -> bool:
        return self.searcher.doc_freq(_ANYWHERE, fold(word)) >= COMMON_WORD

    # --- sounds ----------------------------------------------------------------------------------

    def _sounds(self, node: Sound) -> list[Engine]:
        """Pinyin of a title or name: whole, its initials, or part of either, best at the start."""
        solid = pinyin_key(node.text)
        initials = fold(node.text).replace(" ", "")
        if len(solid) < 2:
            return []
        found: list[Engine] = []
        for name in ("title", "author"):
            if node.field not in (Field.ANY, Field(name)):
                continue
            whole = engine.any_term(f"{name}_sounds", sorted({solid, initials}))
            found.append(engine.constant(whole, _SOUND_WHOLE))
            if len(initials) <= MAX_INITIALS:
                found += self._letters(name, initials)
            for way in split_pinyin(node.text):
                if len(way) > 1:
                    found += self._syllables(name, way)
                elif not self._is_common(solid):
                    found.append(self._first_syllable(name, way[0]))
            if self.is_forgiving and (slips := _slips(solid)):
                close = engine.close_to(f"{name}_sounds", solid, distance=slips, is_prefix=True)
                found.append(engine.constant(close, _SOUND_INSIDE))
        return found

    def _letters(self, name: str, letters: str) -> list[Engine]:
        tokens = letter_pairs(letters)
        inside = self._phrase_in(f"{name}_letters", tokens)
        start = [START + letters[0], *tokens] if self.is_ranked else []
        return _best_at_the_start(inside, self._phrase_in(f"{name}_letters", start))

    def _syllables(self, name: str, syllables: tuple[str, ...]) -> list[Engine]:
        """Side by side; the last may be unfinished."""
        field, tokens = f"{name}_syllables", neighbours(syllables)
        inside = engine.unfinished_phrase(self.searcher, field, tokens)
        if not self.is_ranked:
            return [inside]
        first = neighbours((START, syllables[0]))
        start = engine.unfinished_phrase(self.searcher, field, [*first, *tokens])
        return _best_at_the_start(inside, start)

    def _first_syllable(self, name: str, syllable: str) -> Engine:
        """One syllable alone says little: only what begins with it."""
        (token,) = neighbours((START, syllable))
        found = engine.known_term(self.searcher, f"{name}_syllables", token)
        return engine.constant(found, _SOUND_START)


def _is_one_han(word: str) -> bool:
    """Of single Han the index keeps lists of their own."""
    return len(word) == 1 and has_han(word)


def _best_at_the_start(inside: Engine, start: Engine) -> list[Engine]:
    """The start is part of the inside, so their scores add up."""
    return [engine.constant(inside, _SOUND_INSIDE), engine.constant(start, _SOUND_START)]


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
