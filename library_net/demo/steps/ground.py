"""The ground: tables, network, rules, member keys, log-ins. Safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from circulation.actions.load_rules import RULES_FOLDER, load_rules
from library_net.accounts.models import Role, RoleKind, User
from library_net.demo.books import NETWORK_FILE
from library_net.demo.cast import Login, cast_of, logins
from library_net.demo.stage import Stage
from library_net.demo.world import World
from library_net.errors import LibraryError
from library_net.network.importer import load_network
from library_net.network.models import Agency, Branch, MemberKey

RULES_FILE: Final = RULES_FOLDER / "chengdu.json"
# What becomes of a copy handed back away from home; inherited down the tree.
RETURN_POLICIES: Final = {
    "CN-510100-1-CDL": "hold_first",
    "CN-510600-1-DYL": "float",
    "CN-511400-1-MSL": "float",
    "CN-512000-1-ZYL": "float",
    "CN-510000-1-SCL": "home",
    "CN-500000-1-CQL": "home",
}


def migrate() -> bool:
    """Bring the tables up to date; says whether there was anything to do."""
    executor = MigrationExecutor(connections["default"])
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def lay_ground(stage: Stage, world: World, *, members: Sequence[str]) -> None:
    """Network, rules and member keys."""
    with stage.step("ground", _("The network, its rules and its keys")) as step:
        with NETWORK_FILE.open(encoding="utf-8", newline="") as lines:
            outcome = load_network(lines)
        for code, policy in RETURN_POLICIES.items():
            Agency.objects.filter(code=code).update(return_policy=policy)
        loaded = load_rules(RULES_FILE)
        stage.promise(not outcome.errors, "the network file has bad rows")
        stage.promise(not loaded.skipped, "a loan rule speaks of somebody unknown")
        step.facts.update(
            agencies=Agency.objects.count(), branches=Branch.objects.count(), rules=loaded.rules
        )
        stage.say(
            _("%(agencies)d institutions, %(branches)d branches, %(rules)d loan rules."),
            **step.facts,
        )
        keys = _issue_keys(world)
        unknown = [code for code in members if code not in world.state["keys"]]
        if unknown:
            raise LibraryError("unknown_agency", agency=", ".join(unknown))
        stage.say(_("%(n)d institutions have a member key."), n=keys)


def make_staff(world: World, *, passwords: dict[str, str]) -> None:
    """The network's administrator and a librarian at both ends of the cross-city loan."""
    for login in logins(cast_of(world)):
        if login.role != "reader":
            _make_staff(login, password=passwords[login.username])


def _issue_keys(world: World) -> int:
    """A key for every institution the demo plays; their clear text is kept in its own folder."""
    keys: dict[str, str] = world.state.setdefault("keys", {})
    for agency in Agency.objects.order_by("pk"):
        if agency.code not in keys:
            _key, clear = MemberKey.issue(agency=agency, label="demo", now=timezone.now())
            keys[agency.code] = clear
    world.save()
    return len(keys)


def _make_staff(login: Login, *, password: str) -> None:
    user, _is_new = User.objects.get_or_create(username=login.username)
    user.name, user.is_staff = login.name, True
    user.set_password(password)
    user.save()
    agency = Agency.objects.get(code=login.agency) if login.agency else None
    Role.objects.get_or_create(user=user, kind=RoleKind(login.role), agency=agency)
