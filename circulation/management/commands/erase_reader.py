"""`manage.py erase_reader NUMBER --yes`: erase one reader, when nothing is open."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from circulation.actions.erase_patron import erase_patron
from circulation.actions.operations import Intent
from circulation.models import Patron
from library_net.accounts.scope import Scope
from library_net.api.problems import sentence
from library_net.errors import Refused


class Command(BaseCommand):
    help = "Erase one reader for good; refused while loans, requests, fees or wards are open."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="the patron number")
        parser.add_argument("--yes", action="store_true", help="really do it")

    def handle(self, *_args: Any, **options: Any) -> None:
        patron_id = Patron.objects.filter(number=options["number"]).values_list("pk", flat=True)
        found = patron_id.first()
        if found is None or not options["yes"]:
            message = "no such reader" if found is None else "add --yes to erase for good"
            raise CommandError(message)
        intent = Intent(caller="shell", operation_id="erase", scope=Scope(everywhere=True))
        try:
            answer = erase_patron(intent=intent, patron_id=found, now=timezone.now())
        except Refused as refused:
            reasons = " ".join(sentence(code, params) for code, params in refused.reasons)
            raise CommandError(reasons) from refused
        self.stdout.write(f"erased: {answer['erased']}")
