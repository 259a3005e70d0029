"""Which characters of a shown title a query matched; the shown text itself is never changed."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.domain.folding import fold, simplify
from catalog.domain.pinyin import pinyin_forms, pinyin_key, split_pinyin
from catalog.domain.query import And, Field, Node, Or, Phrase, Sound, Term
from catalog.domain.text import words

_SHOWN_FIELDS = (Field.ANY, Field.TITLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A run of the title, and whether the query asked for it."""

    text: str
    is_match: bool


def mark(text: str, *, root: Node) -> tuple[Marked, ...]:
    """The text in runs, in order; joined they give the text back unchanged."""
    matched = [False] * len(text)
    letters = _folded_letters(text)
    for leaf in _leaves(root):
        if isinstance(leaf, Sound):
            _mark_sound(text, leaf.text, matched)
            continue
        pieces = [fold(leaf.text)] if isinstance(leaf, Phrase) else _pieces(leaf.text)
        for piece in pieces:
            _mark_piece(letters, piece.replace(" ", ""), matched)
    return _runs(text, matched)


def _leaves(node: Node) -> list[Term | Phrase | Sound]:
    """What is asked for; what is excluded has nothing to mark."""
    if isinstance(node, And | Or):
        return [leaf for part in node.parts for leaf in _leaves(part)]
    if isinstance(node, Term | Phrase | Sound) and node.field in _SHOWN_FIELDS:
        return [node]
    return []


def _pieces(text: str) -> list[str]:
    whole = fold(text).split()
    return [*whole, *words(text, overlapping=False)]


def _folded_letters(text: str) -> list[tuple[str, int]]:
    """Each folded letter with the place in the text it came from.

    The whole text is simplified first: 鍾書 and 钟书 must meet as they do in the index.
    """
    simple = simplify(text)
    if len(simple) != len(text):
        simple = text
    return [(letter, i) for i, char in enumerate(simple) for letter in fold(char) if letter != " "]


def _mark_piece(letters: list[tuple[str, int]], piece: str, matched: list[bool]) -> None:
    solid = "".join(letter for letter, _ in letters)
    start = solid.find(piece) if piece else -1
    while start >= 0:
        first, last = letters[start][1], letters[start + len(piece) - 1][1]
        is_inside_latin = piece.isascii() and start > 0 and solid[start - 1].isascii()
        if not (is_inside_latin and letters[start - 1][1] == first - 1):
            matched[first : last + 1] = [True] * (last + 1 - first)
        start = solid.find(piece, start + 1)


def _mark_sound(text: str, typed: str, matched: list[bool]) -> None:
    """Mark the characters whose syllables or initials were typed."""
    places = [i for i, char in enumerate(text) if not char.isascii() and fold(char)]
    solid = "".join(text[i] for i in places)
    initials = fold(typed).replace(" ", "")
    for syllables in (pinyin_forms(solid).syllables, *pinyin_forms(solid).alternatives):
        if len(syllables) != len(places):
            return  # a run of another script between the Han: nothing certain to mark
        keys = [pinyin_key(syllable) for syllable in syllables]
        for start in range(len(keys)):
            length = len(initials)
            if length > 1 and "".join(key[:1] for key in keys[start : start + length]) == initials:
                _mark_places(places[start : start + length], matched)
            for wanted in split_pinyin(typed):
                here = keys[start : start + len(wanted)]
                if len(wanted) > 1 and len(here) == len(wanted) and _sounds_like(here, wanted):
                    _mark_places(places[start : start + len(wanted)], matched)


def _sounds_like(keys: list[str], wanted: tuple[str, ...]) -> bool:
    return keys[:-1] == list(wanted[:-1]) and keys[-1].startswith(wanted[-1])


def _mark_places(places: list[int], matched: list[bool]) -> None:
    for place in places:
        matched[place] = True


def _runs(text: str, matched: list[bool]) -> tuple[Marked, ...]:
    runs: list[Marked] = []
    start = 0
    for i in range(1, len(text) + 1):
        if i == len(text) or matched[i] != matched[start]:
            runs.append(Marked(text=text[start:i], is_match=matched[start]))
            start = i
    return tuple(runs)
