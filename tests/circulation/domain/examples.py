"""Facts to decide about, with one thing changed at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from catalog.domain.items import ItemStatus
from circulation.domain.facts import CopyFacts, DeskFacts, HeldLoan, LoanFacts, PatronFacts
from circulation.domain.policies import Context, LoanRule, Place, resolve

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # Friday, ten in the morning in Chengdu
HOME, ELSEWHERE, THIRD = 1, 2, 3
JJ = ("JJ", "CD")  # Jinjiang, below Chengdu
ZY = ("ZY",)


def reader(**more: Any) -> PatronFacts:
    return PatronFacts(**{"id": 7, "category": "adult", **more})


def copy(**more: Any) -> CopyFacts:
    return CopyFacts(
        **{
            "id": 100,
            "barcode": "B100",
            "owner": JJ,
            "status": ItemStatus.AVAILABLE,
            "material": "book",
            "home_id": HOME,
            "current_id": HOME,
            **more,
        }
    )


def desk(**more: Any) -> DeskFacts:
    return DeskFacts(**{"branch_id": HOME, "branch": "JJ-MAIN", "agency": JJ, **more})


def open_loan(*, patron_id: int = 7, due_in_days: float = 10, **more: Any) -> LoanFacts:
    return LoanFacts(
        **{
            "id": 900,
            "patron_id": patron_id,
            "lent_at": NOW - timedelta(days=20),
            "due_at": NOW + timedelta(days=due_in_days),
            **more,
        }
    )


def held(item_id: int = 1, *, due_in_days: float = 10, **place: Any) -> HeldLoan:
    where = {"owner": JJ, "visited": JJ, "branch": "JJ-MAIN", "material": "book", **place}
    return HeldLoan(item_id=item_id, place=Place(**where), due_at=NOW + timedelta(days=due_in_days))


def terms(*rules: LoanRule, category: str = "adult"):
    place = Place(owner=JJ, visited=JJ, branch="JJ-MAIN", material="book")
    return resolve(rules=rules, context=Context(place=place, category=category), on=NOW.date())
