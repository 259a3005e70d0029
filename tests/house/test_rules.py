"""A rule has one number: in RULES.md, in the code that obeys it, and in the test that proves it."""

import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, is_test, listing, source_files, text_files

RULE = re.compile(r"\b(?:NO|MA|ME|CO|CI|RN|RQ|ID|RB|TR|LO|PX|FE|PO|RU|OF|NT|WD)-\d+(?:\.\d+)*\b")
BOOKS = (Path("catalog/RULES.md"), Path("circulation/RULES.md"))


def _ids(text: str) -> set[str]:
    return set(RULE.findall(text))


@pytest.fixture(scope="module")
def written() -> set[str]:
    assert all((ROOT / book).exists() for book in BOOKS), "a RULES.md is missing"
    return set().union(*(_ids((ROOT / book).read_text(encoding="utf-8")) for book in BOOKS))


@pytest.fixture(scope="module")
def tested() -> set[str]:
    texts = (text for path, text in text_files() if is_test(path) and path.suffix == ".py")
    return set().union(*map(_ids, texts))


def test_every_rule_is_cited_by_a_test(written, tested):
    assert not written - tested, listing(sorted(written - tested))


def test_no_test_cites_a_rule_that_is_not_written_down(written, tested):
    assert not tested - written, listing(sorted(tested - written))


def test_no_code_cites_a_rule_that_is_not_written_down(written):
    unknown = [
        f"{path}: {rule}" for path, text in source_files() for rule in sorted(_ids(text) - written)
    ]

    assert not unknown, listing(unknown)
