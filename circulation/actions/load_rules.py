"""Put a rule file into the database: categories, material types, loan rules, agreements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models, transaction

from circulation.models import CollectionAgreement, LoanRule, MaterialType, PatronCategory
from library_net.errors import LibraryError
from library_net.network.models import Agency, Branch

RULES_FOLDER: Final = Path(__file__).resolve().parent.parent / "rules"
_FIELDS: Final = tuple(
    field
    for field in LoanRule._meta.concrete_fields  # noqa: SLF001 - Django's documented model API
    if not field.primary_key
)
_KEYS: Final = ("owner", "visited", "branch", "category", "material")
_PARAMETERS: Final = frozenset(field.name for field in _FIELDS) - {"code", *_KEYS}
_PARTS: Final = frozenset({"note", "categories", "materials", "rules", "agreements"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """What a file says, checked and not yet written."""

    categories: tuple[PatronCategory, ...]
    materials: tuple[MaterialType, ...]
    rules: tuple[LoanRule, ...]
    agreements: tuple[CollectionAgreement, ...]
    skipped: tuple[str, ...]  # what speaks of somebody who is not in this network


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    categories: int
    materials: int
    rules: int
    agreements: int
    skipped: tuple[str, ...]


def load_rules(path: Path) -> Loaded:
    """Read a JSON rule file; safe to repeat, a rule of the same code is replaced.

    A rule about an agency or branch that this network does not have is skipped and named. Raises
    ``rules_unreadable`` and ``rule_bad``.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise LibraryError("rules_unreadable", file=path.name, detail=str(error)) from error
    with transaction.atomic(durable=True):
        return _write(read_rules(text, name=path.name))


def read_rules(text: str, *, name: str) -> RuleFile:
    """What a rule file says, without writing anything. Raises as ``load_rules`` does."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise LibraryError("rules_unreadable", file=name, detail=str(error)) from error
    unknown = sorted(set(content) - _PARTS) if isinstance(content, dict) else ["?"]
    if unknown:
        detail = f"unknown: {', '.join(unknown)}"
        raise LibraryError("rules_unreadable", file=name, detail=detail)
    categories = tuple(_named(PatronCategory, content.get("categories", ()), name))
    materials = tuple(_named(MaterialType, content.get("materials", ()), name))
    known = _Known(categories=categories, materials=materials)
    rules, agreements, skipped = [], [], []
    for entry in content.get("rules", ()):
        rule = _rule(entry, known=known)
        (rules.append(rule) if rule is not None else skipped.append(str(entry.get("code"))))
    for entry in content.get("agreements", ()):
        found = _agreement(entry, known=known)
        (agreements.append(found) if found is not None else skipped.append(str(entry["code"])))
    return RuleFile(
        categories=categories,
        materials=materials,
        rules=tuple(rules),
        agreements=tuple(agreements),
        skipped=tuple(skipped),
    )


class _Known:
    """The keys a file may speak of: those of the database and those it brings itself."""

    def __init__(
        self, *, categories: Iterable[PatronCategory], materials: Iterable[MaterialType]
    ) -> None:
        agencies = {row.code: row for row in Agency.objects.all()}
        self._by_key: dict[str, Mapping[str, models.Model]] = {
            "owner": agencies,
            "visited": agencies,
            "collector": agencies,
            "branch": {row.code: row for row in Branch.objects.all()},
            "category": _by_code(PatronCategory.objects.all(), categories),
            "material": _by_code(MaterialType.objects.all(), materials),
        }

    def find(self, key: str, code: object) -> models.Model | None:
        return self._by_key[key].get(str(code))


def _by_code(old: Iterable[Any], new: Iterable[Any]) -> dict[str, models.Model]:
    rows = {row.code: row for row in old}
    return {**{row.code: row for row in new}, **rows}


def _named(model: type[Any], entries: Iterable[Mapping[str, str]], name: str) -> Iterable[Any]:
    for entry in entries:
        if not entry.get("code") or not entry.get("name_zh"):
            detail = f"{entry}: code or name_zh missing"
            raise LibraryError("rules_unreadable", file=name, detail=detail)
        yield model(code=entry["code"], name_zh=entry["name_zh"], name_en=entry.get("name_en", ""))


def _rule(entry: Mapping[str, Any], *, known: _Known) -> LoanRule | None:
    """One rule, checked; None when it speaks of somebody this network does not have."""
    code = str(entry.get("code", ""))
    unknown = set(entry) - _PARAMETERS - set(_KEYS) - {"code", "note"}
    if not code or unknown:
        detail = f"unknown: {', '.join(sorted(unknown))}" if unknown else "no code"
        raise LibraryError("rule_bad", rule=code, detail=detail)
    values: dict[str, Any] = {name: entry[name] for name in _PARAMETERS if name in entry}
    for key in _KEYS:
        if entry.get(key) is None:
            continue
        values[key] = known.find(key, entry[key])
        if values[key] is None:
            return None
    rule = LoanRule(code=code, **values)
    try:
        rule.full_clean(validate_unique=False, exclude=_KEYS)
    except ValidationError as error:
        raise LibraryError("rule_bad", rule=code, detail=str(error.message_dict)) from error
    return rule


def _agreement(entry: Mapping[str, Any], *, known: _Known) -> CollectionAgreement | None:
    """Who may collect for whom; None when a side is not in this network."""
    code = str(entry.get("code", ""))
    unknown = set(entry) - {"code", "note", "owner", "collector", "valid_from", "valid_to"}
    if not code or unknown:
        detail = f"unknown: {', '.join(sorted(unknown))}" if unknown else "no code"
        raise LibraryError("rule_bad", rule=code, detail=detail)
    sides = {}
    for side in ("owner", "collector"):
        wanted = entry.get(side)
        sides[side] = known.find(side, wanted) if wanted else None
        if wanted and sides[side] is None:
            return None
    row = CollectionAgreement(
        code=code,
        owner_id=sides["owner"].pk if sides["owner"] else None,
        collector_id=sides["collector"].pk if sides["collector"] else None,
        valid_from=entry.get("valid_from", ""),
        valid_to=entry.get("valid_to"),
    )
    try:
        row.full_clean(validate_unique=False)
    except ValidationError as error:
        raise LibraryError("rule_bad", rule=code, detail=str(error.message_dict)) from error
    return row


def _write(file: RuleFile) -> Loaded:
    for rows, entries in (
        (PatronCategory.objects, file.categories),
        (MaterialType.objects, file.materials),
    ):
        _write_names(rows, entries)
    categories = {row.code: row for row in PatronCategory.objects.all()}
    materials = {row.code: row for row in MaterialType.objects.all()}
    ids = dict(LoanRule.objects.values_list("code", "pk"))
    for rule in file.rules:
        rule.pk = ids.get(rule.code)
        rule.category = categories[rule.category.code] if rule.category else None
        rule.material = materials[rule.material.code] if rule.material else None
        rule.save()
    known = dict(CollectionAgreement.objects.values_list("code", "pk"))
    for agreement in file.agreements:
        agreement.pk = known.get(agreement.code)
        agreement.save()
    return Loaded(
        categories=len(file.categories),
        materials=len(file.materials),
        rules=len(file.rules),
        agreements=len(file.agreements),
        skipped=file.skipped,
    )


def _write_names(rows: models.Manager[Any], entries: Iterable[Any]) -> None:
    for entry in entries:
        names = {"name_zh": entry.name_zh, "name_en": entry.name_en}
        rows.update_or_create(code=entry.code, defaults=names)
