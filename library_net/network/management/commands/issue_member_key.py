"""``manage.py issue_member_key --agency CODE --label TEXT``: prints the key once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from library_net.network.models import Agency, MemberKey


class Command(BaseCommand):
    help = "Issue a key for a member library's software. It is shown once and stored hashed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--agency", required=True)
        parser.add_argument("--label", default="ILS")

    def handle(self, *_args: Any, agency: str, label: str, **_options: Any) -> None:
        found = Agency.objects.filter(code=agency).first()
        if found is None:
            raise CommandError(_("There is no institution with the code %s.") % agency)
        _key, secret = MemberKey.issue(agency=found, label=label, now=timezone.now())
        self.stdout.write(secret)
