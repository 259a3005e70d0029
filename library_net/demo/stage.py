"""Says aloud what the demo does, and remembers whether each step held."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Text = Promise | str
WIDTH = 110  # of what is written to a file
BOTH, CHINESE, ENGLISH = "both", "zh", "en"
_LANGUAGES = {BOTH: ("zh-hans", "en"), CHINESE: ("zh-hans",), ENGLISH: ("en",)}


@dataclass(slots=True)
class Step:
    """One step as the summary tells it."""

    name: str
    held: bool = True
    seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)  # what did not hold, in English


class Stage:
    """Prints in Chinese, English or both; collects facts and promises step by step."""

    def __init__(self, *, language: str = BOTH, quiet: bool = False) -> None:
        self.languages = _LANGUAGES[language]
        # Headless output belongs to the JSON alone: what people read goes to standard error.
        self.console = Console(stderr=quiet, highlight=False)
        if not self.console.is_terminal:
            self.console.width = WIDTH
        self.steps: list[Step] = []

    @property
    def all_held(self) -> bool:
        return all(step.held for step in self.steps)

    def words(self, text: Text, **params: Any) -> list[str]:
        """The text in each language shown; the same text twice is said once."""
        said = []
        for language in self.languages:
            with translation.override(language):
                said.append(str(text) % params if params else str(text))
        return list(dict.fromkeys(said))

    @contextmanager
    def step(self, name: str, title: Text) -> Iterator[Step]:
        """A numbered step; an exception inside it is a step that did not hold, and goes on up."""
        step = Step(name=name)
        self.steps.append(step)
        first, *more = map(escape, self.words(title))
        rest = f" [dim]{' '.join(more)}[/]" if more else ""
        self.console.print(f"\n[bold cyan]{len(self.steps):>2}. {first}[/]{rest}")
        began = time.monotonic()
        try:
            yield step
        except BaseException as error:
            step.held = False
            step.broken.append(f"{type(error).__name__}: {error}")
            raise
        finally:
            step.seconds = round(time.monotonic() - began, 2)
        if not step.held:
            self.console.print("    [bold red]✗[/]")

    def say(self, text: Text, **params: Any) -> None:
        """What changed."""
        first, *more = map(escape, self.words(text, **params))
        lines = [f"    {first}", *(f"    [dim]{other}[/]" for other in more)]
        self.console.print("\n".join(lines), soft_wrap=True)

    def promise(self, holds: bool, what: str, **facts: Any) -> None:
        """Something this step must show; when it does not hold the demo fails at the end."""
        step = self.steps[-1]
        step.facts.update(facts)
        if holds:
            return
        step.held = False
        step.broken.append(what)
        self.console.print(f"    [red]✗ {escape(what)}[/]")

    def table(self, columns: Sequence[Text], rows: Sequence[Sequence[Any]]) -> None:
        heads = [" ".join(self.words(column)) for column in columns]
        table = Table(*heads, box=None, padding=(0, 2), header_style="dim")
        for row in rows:
            table.add_row(*(escape(str(cell)) for cell in row))
        self.console.print(table)

    def summary(self) -> dict[str, Any]:
        return {
            "ok": self.all_held,
            "seconds": round(sum(step.seconds for step in self.steps), 2),
            "steps": {
                step.name: {
                    "held": step.held,
                    "seconds": step.seconds,
                    **step.facts,
                    **({"broken": step.broken} if step.broken else {}),
                }
                for step in self.steps
            },
        }
