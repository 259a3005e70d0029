"""`manage.py rotate_keys`: seal every number anew under the newest vault key, without a stop."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from circulation.actions.rotate_keys import CHUNK, left_to_rotate, rotate_keys
from library_net import vault


class Command(BaseCommand):
    help = "Re-seal and re-index every number under the newest vault key; may be run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--chunk", type=int, default=CHUNK, help="rows in one transaction")
        parser.add_argument("--check", action="store_true", help="only say how many are left")

    def handle(self, *_args: Any, **options: Any) -> None:
        versions = ", ".join(map(str, vault.key_versions()))
        if not options["check"]:
            done = 0
            for count in rotate_keys(chunk=max(1, options["chunk"])):
                done += count
                self.stdout.write(f"{done} numbers sealed anew")
        self.stdout.write(f"keys in use: {versions}; left to do: {left_to_rotate()}")
