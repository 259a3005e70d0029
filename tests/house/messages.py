"""`make messages`: collect texts into the .po file (needs GNU gettext) and compile it.

    make messages                               collect and compile; lists what wants a translation
    make messages ARGS=--compile-only           leave the .po as it is
    make messages ARGS="--merge FILE …"         take translations from other .po files where ours
                                                has none, then compile

Entries nobody uses any more are dropped, source lines and dates are not recorded and guesses
("fuzzy") are thrown away, so a diff shows words only.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import polib

from tests.house.tree import ROOT

LOCALES = ROOT / "library_net" / "locale"
LANGUAGE = "zh_Hans"
CATALOGUE = LOCALES / LANGUAGE / "LC_MESSAGES" / "django.po"
IGNORED = (".venv", "var", "build", "tests", "docs")
HEADER = {
    "Project-Id-Version": "Library Net",
    "Language": LANGUAGE,
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make messages")
    parser.add_argument("--compile-only", action="store_true")
    parser.add_argument("--merge", nargs="+", type=Path, default=[], metavar="FILE")
    chosen = parser.parse_args()
    if not chosen.compile_only:
        collect()
    texts = polib.pofile(str(CATALOGUE), wrapwidth=98)
    for path in chosen.merge:
        merge(texts, polib.pofile(str(path)), name=path.name)
    tidy(texts)
    texts.save()
    texts.save_as_mofile(str(CATALOGUE.with_suffix(".mo")))
    return report(texts)


def collect() -> None:
    if shutil.which("xgettext") is None:
        raise SystemExit("xgettext is missing: install Debian's package gettext, then try again.")
    LOCALES.mkdir(parents=True, exist_ok=True)
    ignored = [word for name in IGNORED for word in ("--ignore", name)]
    command = ["manage.py", "makemessages", "--locale", LANGUAGE, "--no-location", "--no-obsolete"]
    subprocess.run([sys.executable, *command, *ignored], cwd=ROOT, check=True)


def merge(texts: polib.POFile, offered: polib.POFile, *, name: str) -> None:
    """Fill what is untranslated; say which offered texts nobody asks for (a changed msgid)."""
    ours = {(entry.msgctxt, entry.msgid): entry for entry in texts}
    for entry in offered:
        wanted = ours.get((entry.msgctxt, entry.msgid))
        if wanted is None:
            print(f"{name}: nobody uses {entry.msgid!r:.90}")
        elif (not wanted.translated()) and entry.translated():
            words = entry.msgstr or entry.msgstr_plural.get(0, "")
            if wanted.msgid_plural:
                wanted.msgstr_plural = {0: words}
            else:
                wanted.msgstr = words
            wanted.flags = [flag for flag in wanted.flags if flag != "fuzzy"]


def tidy(texts: polib.POFile) -> None:
    texts.header, texts.metadata, texts.metadata_is_fuzzy = "", dict(HEADER), 0
    for entry in texts.fuzzy_entries():
        entry.flags.remove("fuzzy")
        entry.msgstr = ""
        entry.msgstr_plural = dict.fromkeys(entry.msgstr_plural, "")
        entry.previous_msgid = entry.previous_msgid_plural = entry.previous_msgctxt = None


def report(texts: polib.POFile) -> int:
    todo = texts.untranslated_entries()
    print(f"{CATALOGUE.relative_to(ROOT)}: {len(texts)} texts, {len(todo)} to translate")
    for entry in todo:
        print(f"  {entry.msgid!r:.100}")
    return 1 if todo else 0


if __name__ == "__main__":
    sys.exit(main())
