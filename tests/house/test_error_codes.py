"""Every refusal has words in both languages, at every door that must say it."""

import ast
import importlib

import pytest
from django.utils import translation

from catalog.problems import PROBLEMS, REJECTS
from circulation.domain.reasons import ReasonCode
from library_net.api import problems
from tests.house.tree import listing, trees


def _raised_codes() -> dict[str, str]:
    """Literal codes given to LibraryError(...) or to a subclass, and where."""
    found: dict[str, str] = {}
    for path, tree in trees():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = ast.unparse(node.func).split(".")[-1]
            first = node.args[0]
            if name == "LibraryError" and isinstance(first, ast.Constant):
                found[str(first.value)] = f"{path}:{node.lineno}"
    return found


def test_every_raised_code_has_a_problem_text():
    importlib.import_module("library_net.urls")  # the doors register their tables when loaded
    missing = [
        f"{code} ({where})"
        for code, where in sorted(_raised_codes().items())
        if code not in problems.known_codes()
    ]

    assert not missing, listing(missing)


def test_no_code_of_the_catalogue_is_said_in_the_words_of_another_app():
    importlib.import_module("library_net.urls")
    ours = PROBLEMS | REJECTS
    taken = [code for code, (_http, text) in ours.items() if problems._TABLE[code].text is not text]

    assert not taken, listing(taken)


@pytest.mark.parametrize("code", [str(code) for code in ReasonCode])
def test_every_reason_of_circulation_has_a_problem_text(code):
    importlib.import_module("library_net.urls")

    assert code in problems.known_codes()


def test_every_problem_text_is_translated():
    importlib.import_module("library_net.urls")
    same = []
    for code in sorted(problems.known_codes()):
        text = problems._TABLE[code].text
        with translation.override("en"):
            english = str(text)
        with translation.override("zh-hans"):
            chinese = str(text)
        if english == chinese:
            same.append(f"{code}: {english}")

    assert not same, listing(same)
