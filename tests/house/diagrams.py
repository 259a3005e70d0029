"""`make diagrams`: draw docs/states.md from the transition tables, so the picture cannot lie."""

import sys
from collections.abc import Mapping
from enum import StrEnum

from circulation.domain import states
from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "states.md"
HEAD = """# States and what may follow

Drawn by `make diagrams` from the tables in `circulation/domain/states.py`; edit those, not this.
A pair that is missing here is an error in the code, never a silent no-op.
"""


def page() -> str:
    tables = {
        name: table
        for name, table in vars(states).items()
        if name.endswith("_TRANSITIONS") and isinstance(table, Mapping)
    }
    return HEAD + "".join(_section(name, table) for name, table in tables.items())


def _section(name: str, table: Mapping[tuple[StrEnum, StrEnum], StrEnum]) -> str:
    title = name.removesuffix("_TRANSITIONS").replace("_", " ").capitalize()
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, event), after in table.items():
        arrows.setdefault((state.name, after.name), []).append(event.value)
    lines = [
        f"    {before} --> {after}: {', '.join(sorted(events))}"
        for (before, after), events in sorted(arrows.items())
    ]
    return f"\n## {title}\n\n```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```\n"


def main() -> int:
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
