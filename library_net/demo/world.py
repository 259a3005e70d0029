"""What the sample world remembers between two starts, beside the database: ``var/demo/``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from library_net.demo.people import Person, resident_id
from library_net.network.models import Agency

SEED = 20261122
DEMO_PASSWORD = "demo-2026"  # noqa: S105 - printed on the screen; loopback only


READER_CARD = "DEMO-READER"
# The people of the live story: invented, like everyone here.
XUE = Person(
    name="何雪", born=date(1992, 3, 8), number=resident_id(born=date(1992, 3, 8), sequence=402)
)
CHUAN = Person(
    name="江川", born=date(1988, 7, 21), number=resident_id(born=date(1988, 7, 21), sequence=117)
)


class World:
    """Paths, marks of what is done, and the member keys the demo plays members with."""

    def __init__(self) -> None:
        self.folder = Path(settings.DATA_DIR) / "demo"
        self._state_file = self.folder / "world.json"
        self.state: dict[str, Any] = {}
        if self._state_file.exists():
            self.state = json.loads(self._state_file.read_text(encoding="utf-8"))

    @property
    def shelves_file(self) -> Path:
        """Copy id to what it lies on and where: kept by the demo alone."""
        return self.folder / "shelves.json"

    @property
    def summary_file(self) -> Path:
        return self.folder / "summary.json"

    def is_done(self, phase: str) -> bool:
        return phase in self.state.get("done", [])

    @property
    def was_interrupted(self) -> bool:
        """The live story began and did not end well: its people and books are half-way."""
        return bool(self.state.get("story_began")) and not self.is_done("live")

    def mark_done(self, phase: str, **facts: Any) -> None:
        self.state.setdefault("done", []).append(phase)
        self.state.update(facts)
        self.save()

    def save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._state_file.touch(mode=0o600)  # it holds member keys in clear
        text = json.dumps(self.state, ensure_ascii=False, indent=1)
        self._state_file.write_text(text, encoding="utf-8")

    def forget(self) -> None:
        """Start over: the database may have been removed by hand."""
        self.state = {}
        shutil.rmtree(self.folder, ignore_errors=True)

    def key(self, agency: str) -> str:
        return str(self.state["keys"][agency])

    def shelves(self) -> dict[int, tuple[str, int]]:
        raw = json.loads(self.shelves_file.read_text(encoding="utf-8"))
        return {int(copy): (what, branch) for copy, (what, branch) in raw.items()}

    def put(self, moves: Sequence[tuple[int, str, int]]) -> None:
        """Copies were put somewhere by hand; written down without looking at any record."""
        shelves = self.shelves() if self.shelves_file.exists() else {}
        shelves.update({copy: (what, branch) for copy, what, branch in moves})
        self.shelves_file.parent.mkdir(parents=True, exist_ok=True)
        self.shelves_file.write_text(json.dumps(shelves), encoding="utf-8")


def reset() -> None:
    """Empty the database, the index and the demo's folder."""
    for connection in connections.all():
        connection.close()
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{database['NAME']}{suffix}").unlink(missing_ok=True)
    else:
        call_command("flush", interactive=False, verbosity=0)
    shutil.rmtree(settings.SEARCH_INDEX_PATH, ignore_errors=True)
    World().forget()


def holds_other_data() -> bool:
    """Whether this database is somebody's own, not the demo's."""
    return Agency.objects.exists() and not World().state
