"""Everyday work at the desks of the tiny network, for tests about money."""

from datetime import timedelta
from decimal import Decimal

from circulation.actions._money import book_found, book_loss
from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout
from circulation.actions.operations import Intent, run_once
from circulation.actions.record_payment import record_payment
from circulation.domain.accounts import Account, Posting
from circulation.domain.calendar import local_date
from circulation.domain.policies import Context, resolve
from circulation.models import LedgerEntry, Loan, LoanRule, Patron
from circulation.readers.facts import place_of_loan
from circulation.readers.money import account_of
from circulation.readers.reference import load_reference
from library_net.accounts.scope import Scope, agency_scope
from tests.world import NOW, World

POINTS = {"start": 300, "per_loan": 2, "most_per_day": 3, "per_late_day": 1, "loss": 50}
TARIFF = {"factors": [{"times": "2"}], "minimum": "20", "processing": "5", "refund_days": 30}


class Desk:
    """Everyday work at any branch, each call with an operation id of its own."""

    def __init__(self, world: World) -> None:
        self.world, self.now, self._count = world, NOW, 0

    def intent(self, agency: str = "") -> Intent:
        self._count += 1
        scope = agency_scope(self.world.agencies[agency].pk) if agency else Scope(everywhere=True)
        return Intent(caller="test", operation_id=f"op-{self._count}", scope=scope)

    def lend(self, item, *, at: str = "JJ", reader: str = "雪") -> Loan:
        answer = checkout(
            intent=self.intent(at),
            branch_id=self.world.branches[f"{at}-MAIN"].pk,
            patron_id=self.world.patrons[reader].pk,
            barcode=item.barcode,
            now=self.now,
        )
        return Loan.objects.get(pk=answer["loan"])

    def bring_back(self, item, *, at: str = "JJ"):
        return checkin(
            intent=self.intent(at),
            branch_id=self.world.branches[f"{at}-MAIN"].pk,
            barcode=item.barcode,
            now=self.now,
        )

    def late(self, item, *, days: int, at: str = "JJ", reader: str = "雪"):
        """Lend it so that it comes back this many days late, now."""
        loan = self.lend(item, reader=reader)
        Loan.objects.filter(pk=loan.pk).update(due_at=self.now - timedelta(days=days))
        return self.bring_back(item, at=at)

    def money(self, action, *, at: str = "JJ", owner: str = "JJ", reader: str = "雪", **more):
        return action(
            intent=self.intent(at),
            branch_id=self.world.branches[f"{at}-MAIN"].pk,
            patron_id=self.world.patrons[reader].pk,
            owner=owner,
            now=self.now,
            **more,
        )

    def pay(self, amount: str, **more):
        return self.money(record_payment, amount=Decimal(amount), **more)

    def lose(self, item, **more):
        """The reader says the copy is lost; the loan stays to be found again."""
        loan = self.lend(item)

        def work(journal):
            worth = book_loss(
                journal,
                loan=loan,
                item=item,
                branch=self.world.branches["JJ-MAIN"],
                terms=self.terms(loan),
                **more,
            )
            return {"total": str(worth.total)}

        answer = run_once(
            intent=self.intent(), action="lose", asked={"loan": loan.pk}, now=self.now, work=work
        )
        return loan, Decimal(answer["total"])

    def find(self, loan) -> Decimal:
        def work(journal):
            amount = book_found(
                journal,
                loan=loan,
                branch=self.world.branches["JJ-MAIN"],
                terms=self.terms(loan),
            )
            return {"refund": str(amount)}

        answer = run_once(
            intent=self.intent(), action="find", asked={"loan": loan.pk}, now=self.now, work=work
        )
        return Decimal(answer["refund"])

    def terms(self, loan):
        loan = Loan.objects.select_related("item", "checkout_branch").get(pk=loan.pk)
        reference = load_reference(today=local_date(self.now))
        place = place_of_loan(loan, reference=reference)
        context = Context(place=place, category="adult")
        return resolve(rules=reference.rules, context=context, on=local_date(self.now))

    def account(self, reader: str = "雪"):
        patron = Patron.objects.get(pk=self.world.patrons[reader].pk)
        return account_of(patron, now=self.now)


def postings() -> list[Posting]:
    return [
        Posting(
            book=entry.book_id,
            debit=Account(entry.debit),
            credit=Account(entry.credit),
            amount=entry.amount,
            other=entry.other_id,
        )
        for entry in LedgerEntry.objects.all()
    ]


def rule(**said) -> None:
    LoanRule.objects.filter(code="test-network").update(**said)
    LoanRule.objects.get(code="test-network").save()  # tells every process
