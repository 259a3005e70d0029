"""Which copy a bare barcode means: barcodes repeat across owners (house §5)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A copy that bears the scanned barcode."""

    item_id: int
    owner: str
    is_on_loan: bool
    is_here: bool  # its current branch is the one where it was scanned


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody in the network owns such a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """A person must say whose copy it is."""

    owners: tuple[str, ...]


Settled = int | Unknown | Ambiguous


def clean_barcode(text: str) -> str:
    """A scan without blanks and full-width forms; letters keep their case."""
    folded = unicodedata.normalize("NFKC", text)
    if folded.isprintable() and " " not in folded:  # as nearly always
        return folded
    return "".join(c for c in folded if not c.isspace() and c.isprintable())


def settle_return(candidates: Sequence[Candidate], *, owner: str = "") -> Settled:
    """CI-12: the owner field, then the one on loan, then a person."""
    return _settle(candidates, owner=owner, prefer=lambda c: c.is_on_loan)


def settle_loan(candidates: Sequence[Candidate], *, owner: str = "") -> Settled:
    """CO-13: the owner field, then the only one here and not on loan, then a person."""
    return _settle(candidates, owner=owner, prefer=lambda c: c.is_here and not c.is_on_loan)


def _settle(
    candidates: Sequence[Candidate], *, owner: str, prefer: Callable[[Candidate], bool]
) -> Settled:
    fitting = [c for c in candidates if not owner or c.owner == owner]
    if not fitting:
        return Unknown()
    if len(fitting) > 1:
        preferred = [c for c in fitting if prefer(c)]
        if len(preferred) != 1:
            return Ambiguous(owners=tuple(sorted({c.owner for c in fitting})))
        fitting = preferred
    return fitting[0].item_id
