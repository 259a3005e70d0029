"""``manage.py rules``: check the loan rules, explain one case, or try a draft on what happened."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation

from circulation.actions.load_rules import read_rules
from circulation.domain.calendar import local_date
from circulation.domain.policies import Context, LoanRule, Place, explain, resolve
from circulation.domain.rule_check import Severity
from circulation.domain.whatif import may_vanish, what_if
from circulation.readers.reference import find_branch, load_reference, rule_of
from circulation.readers.reference import load_rules as rules_of_the_network
from circulation.readers.rules import check_network, draft_book, past_refusals, stories
from circulation.rule_texts import (
    CHANGES,
    SEVERITIES,
    Names,
    change_text,
    finding_text,
    refusal_text,
)
from library_net.api.problems import sentence
from library_net.errors import LibraryError
from library_net.network.models import Agency

SHOWN = 40


class Command(BaseCommand):
    help = "Check the loan rules, explain one case, or try a draft on last month's loans."

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        check = parts.add_parser("check", help="gaps, conflicts, rows that never decide")
        check.add_argument("file", nargs="?", type=Path, help="as if this file were loaded")
        check.add_argument("--json", action="store_true")
        trial = parts.add_parser("whatif", help="replay recent loans against a draft")
        trial.add_argument("file", type=Path)
        trial.add_argument("--days", type=int, default=30)
        trial.add_argument("--json", action="store_true")
        case = parts.add_parser("explain", help="what holds in one case, and by which rule")
        case.add_argument("--owner", required=True, help="code of the owner of the copy")
        case.add_argument("--branch", required=True, help="code of the branch where it is lent")
        case.add_argument("--category", default="adult")
        case.add_argument("--material", default="book")
        for part in (check, trial, case):
            part.add_argument("--language", default="en", choices=["en", "zh-hans"])

    def handle(self, *_args: Any, **options: Any) -> None:
        run = {"check": self._check, "whatif": self._what_if, "explain": self._explain}
        with translation.override(options["language"]):
            try:
                run[options["part"]](options)
            except LibraryError as error:
                raise CommandError(sentence(error.code, error.params)) from error

    def _check(self, options: dict[str, Any]) -> None:
        draft = None
        if options["file"] is not None:
            new = {rule.code: rule for rule in _draft(options["file"])}
            kept = [rule for rule in rules_of_the_network() if rule.code not in new]
            draft = [*kept, *new.values()]
        findings = check_network(today=local_date(timezone.now()), rules=draft)
        names = Names()
        if options["json"]:
            rows = [{**asdict(f), "text": finding_text(f, names=names)} for f in findings]
            self._print_json({"findings": rows})
        else:
            for finding in findings:
                word = SEVERITIES[finding.severity]
                self.stdout.write(f"[{word}] {finding_text(finding, names=names)}")
            self.stdout.write(f"{len(findings)} findings")
        errors = sum(finding.severity == Severity.ERROR for finding in findings)
        if errors:
            raise CommandError(f"{errors} errors", returncode=2)

    def _what_if(self, options: dict[str, Any]) -> None:
        if options["days"] < 1:
            raise CommandError("--days must be 1 or more")
        now = timezone.now()
        reference = load_reference(today=local_date(now))
        book = draft_book(_draft(options["file"]), reference=reference)
        result = what_if(
            stories(days=options["days"], now=now, reference=reference),
            now_rules=reference.rules,
            draft=book,
        )
        lifted = may_vanish(past_refusals(days=options["days"], now=now), draft=book)
        if options["json"]:
            refusals = [{"code": c, "rule": r, "count": n} for (c, r), n in lifted.items()]
            self._print_json({**asdict(result), "refusals_that_may_vanish": refusals})
            return
        self.stdout.write(f"{result.events} events replayed, nothing was written")
        for kind, count in result.count().items():
            self.stdout.write(f"{count:>8}  {CHANGES[kind]}")
        for (code, rule), count in lifted.items():
            self.stdout.write(f"{count:>8}  {refusal_text(code, rule)}")
        self.stdout.write(f"¥{result.fees_before} → ¥{result.fees_after}")
        for change in result.changes[:SHOWN]:
            day = local_date(change.at).isoformat()
            words = f"{CHANGES[change.kind]}: {change_text(change)} ({change.rule or '—'})"
            self.stdout.write(f"{day}  {change.event} {change.loan_id}: {words}")
        if len(result.changes) > SHOWN:
            self.stdout.write(f"… {len(result.changes) - SHOWN} more; --json shows all")

    def _explain(self, options: dict[str, Any]) -> None:
        today = local_date(timezone.now())
        reference = load_reference(today=today)
        owner = Agency.objects.filter(code=options["owner"]).first()
        if owner is None:
            raise LibraryError("unknown_agency", agency=options["owner"])
        branch = find_branch(options["branch"])
        place = Place(
            owner=reference.lineages[owner.pk],
            visited=reference.lineages[branch.agency_id],
            branch=branch.code,
            material=options["material"],
        )
        context = Context(place=place, category=options["category"])
        terms = resolve(rules=reference.rules, context=context, on=today)
        for line in explain(terms):
            self.stdout.write(f"{line.parameter:<20} {line.value:<24} {line.rule}")

    def _print_json(self, data: Any) -> None:
        text = json.dumps(data, ensure_ascii=False, default=str, indent=1)
        self.stdout.write(text)


def _draft(path: Path) -> list[LoanRule]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise LibraryError("rules_unreadable", file=path.name, detail=str(error)) from error
    return [rule_of(row) for row in read_rules(text, name=path.name).rules]
