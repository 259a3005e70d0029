"""`make messages`: collect texts into the .po files (needs GNU gettext) and compile them.

`--compile-only` leaves the .po files as they are. Entries nobody uses any more are dropped, source
lines are not recorded (they would change with every edit), so a diff shows words only.
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
IGNORED = (".venv", "var", "build", "tests", "docs")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make messages")
    parser.add_argument("--compile-only", action="store_true")
    if not parser.parse_args().compile_only:
        collect()
    return 1 if compile_all() else 0


def collect() -> None:
    if shutil.which("xgettext") is None:
        raise SystemExit("xgettext is missing: install Debian's package gettext, then try again.")
    LOCALES.mkdir(parents=True, exist_ok=True)
    ignored = [word for name in IGNORED for word in ("--ignore", name)]
    command = ["manage.py", "makemessages", "--locale", LANGUAGE, "--no-location", "--no-obsolete"]
    subprocess.run([sys.executable, *command, *ignored], cwd=ROOT, check=True)


def compile_all() -> int:
    """Write each .mo beside its .po; return how many texts still want a translation."""
    wanting = 0
    for path in sorted(Path(LOCALES).rglob("*.po")):
        texts = polib.pofile(str(path))
        texts.save_as_mofile(str(path.with_suffix(".mo")))
        todo = texts.untranslated_entries() + texts.fuzzy_entries()
        wanting += len(todo)
        print(f"{path.relative_to(ROOT)}: {len(texts)} texts, {len(todo)} to translate")
        for entry in todo[:20]:
            print(f"  {entry.msgid[:90]}")
    return wanting


if __name__ == "__main__":
    sys.exit(main())
