"""What happened to one copy, put in order: loans made without a line find their place.

A machine or a desk without a line goes on lending and taking back, and tells us later. What it
tells may come in any order and more than once, beside what happened on line. The copy's story is
therefore not appended to but told anew from everything known, in the order of time (RULES.md, OF-):
the same happenings give the same story, whatever came first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Act(StrEnum):
    TAKEN_IN = "in"  # it lay in a library's hands
    LENT = "out"


_ORDER = {Act.TAKEN_IN: 0, Act.LENT: 1}  # at one moment: first back, then out again


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    key: str  # of the row it is known by: unique, and the order of equals
    at: datetime
    act: Act
    branch_id: int
    patron_id: int | None = None
    loan_id: int | None = None  # the loan an on-line act opened
    event_id: int | None = None  # the row of an off-line one
    began_loan_id: int | None = None  # the loan an off-line one was said to begin before
    lost_loan_id: int | None = None  # no return: this loan was given up then

    @property
    def is_offline(self) -> bool:
        return self.event_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """One reader had the copy: every act that says so, and the one that ended it."""

    openers: tuple[Happening, ...]  # in the order of time
    end: Happening | None = None

    @property
    def first(self) -> Happening:
        return self.openers[0]

    @property
    def loan_id(self) -> int | None:
        return next((h.loan_id for h in self.openers if h.loan_id is not None), None)

    @property
    def is_cut_short(self) -> bool:
        """OF-4: somebody else took it away although nobody had taken it back."""
        return self.end is not None and self.end.act == Act.LENT

    @property
    def is_offline(self) -> bool:
        """Nobody but an off-line act says that it began."""
        return self.loan_id is None


@dataclass(slots=True, kw_only=True)
class Story:
    spells: tuple[Spell, ...]
    last: Happening | None = None


@dataclass(slots=True)
class _Telling:
    done: list[Spell] = field(default_factory=list)
    openers: list[Happening] = field(default_factory=list)
    last: Happening | None = None

    def speaks_of(self, loan_id: int) -> bool:
        return any(loan_id in (h.loan_id, h.began_loan_id) for h in self.openers)

    def end(self, by: Happening | None) -> None:
        if self.openers:
            self.done.append(Spell(openers=tuple(self.openers), end=by))
            self.openers = []


def tell(happenings: Iterable[Happening]) -> Story:
    """OF-2: the story of one copy; the same for every order its parts came in.

    OF-3: a loan to the reader who has the copy already is the same loan, told twice. OF-9: a loan
    that had ended before it was given up was never lost.
    """
    ordered = sorted(happenings, key=lambda h: (h.at, _ORDER[h.act], h.key))
    telling = _Telling()
    for happening in ordered:
        lost = happening.lost_loan_id
        if lost is not None and not telling.speaks_of(lost):
            continue
        telling.last = happening
        if happening.act == Act.TAKEN_IN:
            telling.end(happening)
            continue
        has_it = telling.openers[-1].patron_id if telling.openers else None
        if telling.openers and has_it != happening.patron_id:
            telling.end(happening)
        telling.openers.append(happening)
    telling.end(None)
    return Story(spells=tuple(telling.done), last=telling.last)
