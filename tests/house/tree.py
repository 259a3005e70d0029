"""What the house tests look at: the files git tracks, and our own source as syntax trees."""

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ("library_net", "catalog", "circulation")
BINARY = {".mo", ".png", ".jpg", ".ico", ".woff2", ".gz", ".mrc", ".wasm", ".bin"}


@functools.cache
def tracked() -> tuple[Path, ...]:
    """Every tracked file that is here, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    paths = (Path(name.decode()) for name in listed.split(b"\0") if name)
    return tuple(path for path in paths if (ROOT / path).is_file())


def text_files() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        if path.suffix not in BINARY:
            yield path, (ROOT / path).read_text(encoding="utf-8", errors="replace")


def is_test(path: Path) -> bool:
    return path.parts[0] == "tests"


def source_files() -> Iterator[tuple[Path, str]]:
    """Our own Python, without migrations and tests."""
    for path, text in text_files():
        if path.suffix == ".py" and path.parts[0] in SOURCE and "migrations" not in path.parts:
            yield path, text


@functools.cache
def trees() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple((path, ast.parse(text)) for path, text in source_files())


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def listing(lines: list[str]) -> str:
    """A failure message a person can work through, one place a line."""
    return "\n  " + "\n  ".join(lines)
