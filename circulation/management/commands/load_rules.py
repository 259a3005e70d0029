"""``manage.py load_rules [FILE]``: loan rules, patron categories and material types from JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from circulation.actions.load_rules import RULES_FOLDER, load_rules
from library_net.api.problems import sentence
from library_net.errors import LibraryError


class Command(BaseCommand):
    help = "Load loan rules from a JSON file (default: the Chengdu rule set). Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=RULES_FOLDER / "chengdu.json")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            loaded = load_rules(options["file"])
        except LibraryError as error:
            raise CommandError(sentence(error.code, error.params)) from error
        self.stdout.write(
            f"{loaded.rules} rules, {loaded.categories} patron categories, "
            f"{loaded.materials} material types, {loaded.agreements} agreements"
        )
        for code in loaded.skipped:
            self.stdout.write(f"skipped {code}: it speaks of somebody not in this network")
