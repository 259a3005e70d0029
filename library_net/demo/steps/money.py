"""The months of the half-year that are over are settled between the institutions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from circulation.actions.operations import Intent
from circulation.actions.settle_month import settle_month
from circulation.domain.calendar import local_date
from circulation.domain.fees import NOTHING
from circulation.readers.settlements import open_months, settlements
from library_net.accounts.scope import Scope

NETWORK = Scope(everywhere=True)


def settle_months(*, now: datetime) -> tuple[int, Decimal]:
    """How many settlements there are now, and what they add up to over the network: nothing."""
    for month in open_months(today=local_date(now)):
        intent = Intent(caller="demo", operation_id=f"settle:{month:%Y-%m}", scope=NETWORK)
        settle_month(intent=intent, month=month, now=now)
    found = settlements(NETWORK)
    net: dict[int, Decimal] = {}
    for row in found:
        net[row.debtor.pk] = net.get(row.debtor.pk, NOTHING) - row.amount
        net[row.creditor.pk] = net.get(row.creditor.pk, NOTHING) + row.amount
    return len(found), sum(net.values(), NOTHING)
