"""Put a rule file into the database: categories, material types, loan rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models, transaction

from circulation.models import LoanRule, MaterialType, PatronCategory
from library_net.errors import LibraryError
from library_net.network.models import Agency, Branch

RULES_FOLDER: Final = Path(__file__).resolve().parent.parent / "rules"
_KEYS: Final[Mapping[str, models.Manager[Any]]] = {
    "owner": Agency.objects,
    "visited": Agency.objects,
    "branch": Branch.objects,
    "category": PatronCategory.objects,
    "material": MaterialType.objects,
}
_FIELDS: Final = tuple(
    field
    for field in LoanRule._meta.concrete_fields  # noqa: SLF001 - Django's documented model API
    if not field.primary_key
)
_PARAMETERS: Final = frozenset(field.name for field in _FIELDS) - {"code", *_KEYS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    categories: int
    materials: int
    rules: int
    skipped: tuple[str, ...]  # rules about agencies that are not in this network


@transaction.atomic(durable=True)
def load_rules(path: Path) -> Loaded:
    """Read a JSON rule file; safe to repeat, a rule of the same code is replaced.

    A rule about an agency or branch that this network does not have is skipped and named. Raises
    ``rules_unreadable`` and ``rule_bad``.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LibraryError("rules_unreadable", file=path.name, detail=str(error)) from error
    categories = _named(PatronCategory.objects, content.get("categories", ()))
    materials = _named(MaterialType.objects, content.get("materials", ()))
    skipped = [code for code in map(_load_rule, content.get("rules", ())) if code]
    return Loaded(
        categories=categories,
        materials=materials,
        rules=len(content.get("rules", ())) - len(skipped),
        skipped=tuple(skipped),
    )


def _named(rows: models.Manager[Any], entries: Iterable[Mapping[str, str]]) -> int:
    count = 0
    for entry in entries:
        names = {"name_zh": entry["name_zh"], "name_en": entry.get("name_en", "")}
        rows.update_or_create(code=entry["code"], defaults=names)
        count += 1
    return count


def _load_rule(entry: Mapping[str, Any]) -> str:
    """Write one rule; its code when it speaks of somebody this network does not have."""
    code = str(entry.get("code", ""))
    unknown = set(entry) - _PARAMETERS - set(_KEYS) - {"code", "note"}
    if not code or unknown:
        detail = f"unknown: {', '.join(sorted(unknown))}" if unknown else "no code"
        raise LibraryError("rule_bad", rule=code, detail=detail)
    values: dict[str, Any] = {name: entry[name] for name in _PARAMETERS if name in entry}
    for name, rows in _KEYS.items():
        wanted = entry.get(name)
        if wanted is None:
            continue
        values[name] = rows.filter(code=wanted).first()
        if values[name] is None:
            return code
    rule = LoanRule.objects.filter(code=code).first() or LoanRule(code=code)
    blank = {field.name: field.get_default() for field in _FIELDS}
    for name, value in {**blank, **values, "code": code}.items():
        setattr(rule, name, value)
    try:
        rule.full_clean(validate_unique=False)
    except ValidationError as error:
        raise LibraryError("rule_bad", rule=code, detail=str(error.message_dict)) from error
    rule.save()
    return ""
