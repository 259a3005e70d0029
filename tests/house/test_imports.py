"""Who may import whom: the contracts of pyproject.toml, and what import-linter cannot say."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT, listing, trees

LINTER = Path(sys.executable).parent / "lint-imports"
OPENS_A_TRANSACTION = ("run_once(", "run_as(", "atomic(", "commit_together")
# Who hands on to another action, having only read. That nothing is open then is checked below.
HANDS_ON = {"circulation/actions/proxies.py: imports circulation.actions.checkout"}
DOORS = {"tasks", "api", "views", "serializers", "forms", "admin"}


def test_the_import_contracts_hold():
    done = subprocess.run([LINTER], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_an_action_imports_no_door_and_no_other_action():
    broken = [
        f"{path}: imports {module}"
        for path, tree in trees()
        if path.parts[1:2] == ("actions",) and path.name != "__init__.py"
        for module in _imported(tree)
        if module.split(".")[0] in {"catalog", "circulation", "library_net"}
        if module.split(".")[-1] in DOORS or _is_action(module)
    ]

    assert set(broken) == HANDS_ON, listing(broken)


def test_an_action_hands_on_to_another_only_outside_a_transaction():
    named = {tuple(line.split(": imports ")) for line in HANDS_ON}
    callers = [
        (str(path), function)
        for path, tree in trees()
        for module in _imported(tree)
        if (str(path), module) in named
        for function in tree.body
        if f"{module.split('.')[-1]}(" in ast.unparse(function)
    ]
    broken = [
        f"{path}: {ast.unparse(function).splitlines()[0]}"
        for path, function in callers
        if any(opens in ast.unparse(function) for opens in OPENS_A_TRANSACTION)
    ]

    assert {path for path, _function in callers} == {path for path, _module in named}
    assert not broken, listing(broken)


def _is_action(module: str) -> bool:
    """A file of `actions/` that opens a transaction; steps that actions share live in folders."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    if path.parent.name != "actions" or not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    is_the_frame = "def run_once(" in text
    return not is_the_frame and any(opens in text for opens in OPENS_A_TRANSACTION)


# Django's only word for "tables were made or rebuilt": the triggers of the stamp are made then.
HEARS_OF_MIGRATIONS = "library_net/network/apps.py"


def test_our_own_flow_uses_no_django_signals():
    broken = [
        f"{path}: {module}"
        for path, tree in trees()
        if str(path) != HEARS_OF_MIGRATIONS
        for module in _imported(tree)
        if module.startswith(("django.dispatch", "django.db.models.signals"))
    ]

    assert not broken, listing(broken)


def test_the_domain_reads_no_clock_and_no_unseeded_random():
    broken = [
        f"{path}:{node.lineno} {ast.unparse(node)}"
        for path, tree in trees()
        if "domain" in path.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _is_clock_or_dice(ast.unparse(node.func), node)
    ]

    assert not broken, listing(broken)


def _is_clock_or_dice(called: str, call: ast.Call) -> bool:
    if called in {"random.Random", "np.random.default_rng", "numpy.random.default_rng"}:
        return not (call.args or call.keywords)  # seeded is fine
    clocks = ("datetime.now", "datetime.utcnow", "date.today", "time.time", "timezone.now")
    return called.endswith(clocks) or called.startswith(("random.", "secrets.", "np.random."))


def _imported(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found
