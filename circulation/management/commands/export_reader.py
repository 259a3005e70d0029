"""`manage.py export_reader NUMBER`: everything held about a reader, as JSON on standard output."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from circulation.models import Patron
from circulation.readers.privacy import held_about


class Command(BaseCommand):
    help = "Everything held about one reader, numbers masked, for a request by letter."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="the patron number")

    def handle(self, *_args: Any, **options: Any) -> None:
        patron = Patron.objects.filter(number=options["number"]).first()
        if patron is None:
            message = f"no reader has the number {options['number']}"
            raise CommandError(message)
        text = json.dumps(held_about(patron), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        self.stdout.write(text)
