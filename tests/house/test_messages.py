"""Chinese is complete, certain, and compiled from what is written."""

import re
from pathlib import Path

import polib
import pytest

from tests.house.tree import ROOT, listing, tracked

CATALOGUES = [path for path in tracked() if path.suffix == ".po"]
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}")


@pytest.fixture(params=CATALOGUES or [None], ids=str)
def catalogue(request) -> tuple[Path, polib.POFile]:
    assert request.param is not None, "there is no .po file yet"
    return ROOT / request.param, polib.pofile(str(ROOT / request.param))


def test_no_text_is_untranslated_or_fuzzy(catalogue):
    path, texts = catalogue
    if path.parent.parent.name == "en":
        pytest.skip("English is the language of the source texts")

    assert not texts.untranslated_entries(), listing(
        [entry.msgid for entry in texts.untranslated_entries()]
    )
    assert not texts.fuzzy_entries(), listing([entry.msgid for entry in texts.fuzzy_entries()])


def test_a_translation_keeps_every_placeholder(catalogue):
    _path, texts = catalogue
    broken = [
        entry.msgid
        for entry in texts.translated_entries()
        for translated in ([entry.msgstr] if entry.msgstr else entry.msgstr_plural.values())
        if sorted(set(PLACEHOLDER.findall(translated)))
        not in (
            sorted(set(PLACEHOLDER.findall(entry.msgid))),
            sorted(set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))),
        )
    ]

    assert not broken, listing(broken)


def test_the_compiled_file_says_what_the_source_says(catalogue):
    path, texts = catalogue
    compiled = polib.mofile(str(path.with_suffix(".mo")))

    def said(file):
        return {
            (entry.msgctxt, entry.msgid): (entry.msgstr, tuple(entry.msgstr_plural.values()))
            for entry in file
            if entry.msgstr or any(entry.msgstr_plural.values())
        }

    assert said(compiled) == said(texts), "run `make messages`"
