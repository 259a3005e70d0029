"""The sample rule set, as data: Chengdu's union card, and where its peers differ.

Close to what the libraries published in 2015-2025; not authoritative.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction

from circulation.models import LoanRule, MaterialType, PatronCategory
from library_net.network.models import Agency, Branch

CATEGORIES = (
    ("adult", "成人", "Adult"),
    ("child", "少年儿童", "Child"),
    ("senior", "老年人", "Senior"),
)
MATERIALS = (
    ("book", "图书", "Book"),
    ("periodical", "期刊", "Periodical"),
    ("av", "视听资料", "Audiovisual"),
    ("reference", "工具书", "Reference book"),
    ("local", "地方文献", "Local collection"),
)
NETWORK: dict[str, Any] = {
    "is_lendable": True,
    "loan_days": 30,
    "max_loans": 20,
    "max_renewals": 1,
    "renewal_days": 30,
    "renew_from": "due_date",
    "max_requests": 5,
    "pickup_days": 7,
    "fee_per_day": Decimal("0.10"),
    "fee_cap": Decimal("30.00"),
    "max_owed": Decimal("20.00"),
}
# code: (keys, what it says); keys are codes of an agency, a branch, a category or a material.
RULES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "network": ({}, NETWORK),
    "chengdu": ({"owner": "CN-510100-1-CDL"}, {"max_loans": 8}),
    "sichuan": (
        {"owner": "CN-510000-1-SCL"},
        {
            "max_loans": 8,
            "renew_from": "today",
            "fee_per_day": Decimal("0.20"),
            "max_owed": Decimal("5.00"),
        },
    ),
    "chongqing": (
        {"owner": "CN-500000-1-CQL"},
        {"max_loans": 6, "renewal_days": 15, "fee_cap": Decimal("20.00")},
    ),
    "deyang": ({"owner": "CN-510600-1-DYL"}, {"max_loans": 10}),
    "senior": ({"category": "senior"}, {"loan_days": 45}),
    "machine": ({"branch": "CN-510100-1-GX01"}, {"max_loans": 4}),
    "periodical": ({"material": "periodical"}, {"max_loans": 4, "max_renewals": 0}),
    "av": ({"material": "av"}, {"max_loans": 1, "loan_days": 15, "max_renewals": 0}),
    "reference": ({"material": "reference"}, {"is_lendable": False}),
    "local": ({"material": "local"}, {"is_lendable": False}),
}
# What becomes of a copy handed back away from home; inherited down the tree.
RETURN_POLICIES = {
    "CN-510100-1-CDL": "hold_first",
    "CN-510600-1-DYL": "float",
    "CN-511400-1-MSL": "float",
    "CN-512000-1-ZYL": "float",
    "CN-510000-1-SCL": "home",
    "CN-500000-1-CQL": "home",
}


@transaction.atomic
def load_rules() -> int:
    """Categories, materials, rules and return policies; the same again changes nothing."""
    for code, name_zh, name_en in CATEGORIES:
        names = {"name_zh": name_zh, "name_en": name_en}
        PatronCategory.objects.update_or_create(code=code, defaults=names)
    for code, name_zh, name_en in MATERIALS:
        names = {"name_zh": name_zh, "name_en": name_en}
        MaterialType.objects.update_or_create(code=code, defaults=names)
    for code, (keys, says) in RULES.items():
        LoanRule.objects.update_or_create(code=code, defaults={**_keys(keys), **says})
    for code, policy in RETURN_POLICIES.items():
        Agency.objects.filter(code=code).update(return_policy=policy)
    return len(RULES)


def _keys(keys: dict[str, str]) -> dict[str, Any]:
    tables: dict[str, Any] = {
        "owner": Agency,
        "visited": Agency,
        "branch": Branch,
        "category": PatronCategory,
        "material": MaterialType,
    }
    return {name: tables[name].objects.get(code=code) for name, code in keys.items()}
