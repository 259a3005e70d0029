"""What must never be committed, and how long a file may grow."""

import re

from tests.house.tree import ROOT, functions, listing, source_files, text_files

MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 80  # the house wants a screen, about 40; beyond this nobody may go
MOST_FUNCTIONS_LINES = 45
# Written so that these patterns do not find themselves.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/[\w.]")
PACKAGE_INDEX = re.compile(r"https?://[^ \"]*(?:pypi|pythonhosted|npmjs|deb\.debian)")
RESIDENT_ID = re.compile(
    r"(?<!\d)[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx](?!\d)"
)
# 510199 is nobody's region; the rest are examples a standard or a public page has published.
INVENTED = re.compile(
    r"510199|810000|820000|830000|911510|51010419900307231|510185202002150024|512081198501010036"
)
FOREIGN = re.compile(r"""(?:src|href|url|@import|fetch)\s*[=(]?\s*["'(]?\s*(?:https?:)?//[\w.-]+""")
NAMESPACES = re.compile(r"//(?:www\.w3\.org|www\.loc\.gov|www\.openarchives\.org|127\.0\.0\.1)")


def _lines_matching(pattern: re.Pattern[str], *, unless: re.Pattern[str] | None = None):
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in text_files()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line) and not (unless and unless.search(line))
    ]


def test_no_tracked_file_names_a_machine_path():
    assert not (found := _lines_matching(MACHINE_PATH)), listing(found)


def test_no_tracked_file_names_a_package_index():
    assert not (found := _lines_matching(PACKAGE_INDEX)), listing(found)


def test_no_tracked_file_holds_what_could_be_a_real_resident_id():
    assert not (found := _lines_matching(RESIDENT_ID, unless=INVENTED)), listing(found)


def test_pages_load_nothing_from_another_host():
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in text_files()
        if path.suffix in {".html", ".css", ".js", ".svg"}
        for number, line in enumerate(text.splitlines(), 1)
        if FOREIGN.search(line) and not NAMESPACES.search(line)
    ]

    assert not found, listing(found)


def test_no_python_file_is_longer_than_one_promise_needs():
    long = [
        f"{path}: {lines} lines"
        for path, text in text_files()
        if path.suffix == ".py" and "migrations" not in path.parts
        if (lines := text.count("\n")) > MAX_FILE_LINES
    ]

    assert not long, listing(long)


def test_functions_fit_on_a_screen():
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path, node in functions()
    }
    long = [
        f"{name}: {lines} lines" for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES
    ]
    longish = [name for name, lines in lengths.items() if lines > MOST_FUNCTIONS_LINES]

    assert not long, listing(long)
    assert len(longish) <= len(lengths) * 0.03, listing(sorted(longish))


def test_every_python_file_says_what_it_is_for():
    silent = [
        str(path)
        for path, text in source_files()
        if text.strip() and path.name != "apps.py"
        if not text.lstrip().startswith(('"""', 'r"""', "#!"))
    ]

    assert not silent, listing(silent)


def test_the_licence_is_the_whole_apache_licence():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
