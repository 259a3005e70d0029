"""Does it add up? Two agencies' statements, events against columns, columns against shelves."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.actions.check_item_events import check_item_events
from circulation.domain.calendar import local_date
from library_net.demo.cast import logins
from library_net.demo.doors import Person
from library_net.demo.stage import Stage
from library_net.demo.steps.story import Story
from library_net.demo.world import World

# What the columns say of a copy, by where it lies.
STATUS_OF = {
    "shelf": ItemStatus.AVAILABLE,
    "hold shelf": ItemStatus.ON_HOLD_SHELF,
    "reader": ItemStatus.ON_LOAN,
    "outgoing crate": ItemStatus.IN_TRANSIT,
    "van": ItemStatus.IN_TRANSIT,
}


def settle(stage: Stage, story: Story, *, passwords: dict[str, str]) -> None:
    _statements(stage, story, passwords=passwords)
    check_books(stage, story.world)


def check_books(stage: Stage, world: World) -> None:
    """Item events fold to the state columns, and both agree with where the copies really are."""
    with stage.step("books", _("Events, columns and shelves tell the same story")) as step:
        check = check_item_events()
        stage.promise(check.is_sound, f"events and columns differ: {check.findings[:3]}")
        shelves = world.shelves()
        wrong = list(misplaced(shelves))
        copies = Item.objects.count()
        stage.promise(not wrong, f"columns and shelves differ: {wrong[:3]}")
        stage.promise(copies == len(shelves), f"{copies} copies, {len(shelves)} on the list")
        step.facts.update(events=check.events, copies=copies, misplaced=len(wrong))
        stage.say(
            _(
                "%(events)d events fold to the state of %(copies)d copies; each lies where the "
                "demo itself put it."
            ),
            events=check.events,
            copies=copies,
        )


def misplaced(shelves: dict[int, tuple[str, int]]) -> list[tuple[int, str, str]]:
    """Copies whose columns say something else than where they were put: (copy, column, place)."""
    rows = Item.objects.values_list("pk", "status", "current_branch_id")
    found = []
    for pk, status, branch in rows.iterator():
        what, where = shelves.get(pk, ("nowhere", 0))
        if STATUS_OF.get(what) != status or where != branch:
            found.append((pk, f"{status} at {branch}", f"{what} at {where}"))
    return found


def _statements(stage: Stage, story: Story, *, passwords: dict[str, str]) -> None:
    with stage.step("statements", _("Two agencies download their statements")) as step:
        today = local_date(timezone.now()).isoformat()
        ours, theirs = (
            _download(story, agency, passwords=passwords, today=today)
            for agency in (story.lender, story.returns_at)
        )
        seen_by_both = [
            [
                row
                for row in side["rows"]
                if int(row["loan"]) == story.loan and row["kind"] == "return"
            ]
            for side in (ours, theirs)
        ]
        stage.promise(
            all(len(rows) == 1 for rows in seen_by_both),
            f"the cross-city return is not on both statements: {seen_by_both}",
        )
        our_side = _total(ours, story.returns_at)
        their_side = _total(theirs, story.lender)
        mirrored = {_MIRROR[name]: value for name, value in our_side.items() if name in _MIRROR}
        same = {name: value for name, value in their_side.items() if name in _MIRROR}
        stage.promise(
            mirrored == same, f"the totals differ: {our_side} and {their_side}", totals=our_side
        )
        step.facts["rows"] = [len(ours["rows"]), len(theirs["rows"])]
        stage.say(
            _("Copies of %(ours)s taken back at %(theirs)s today: %(n)s; both statements say so."),
            ours=story.name(story.lender),
            theirs=story.name(story.returns_at),
            n=our_side.get("our_copies_returned_to_them", 0),
        )


_MIRROR = {
    "our_copies_lent_by_them": "their_copies_lent_by_us",
    "their_copies_lent_by_us": "our_copies_lent_by_them",
    "our_copies_returned_to_them": "their_copies_returned_to_us",
    "their_copies_returned_to_us": "our_copies_returned_to_them",
    "our_money_collected_by_them": "their_money_collected_by_us",
    "their_money_collected_by_us": "our_money_collected_by_them",
}


def _total(statement: dict[str, Any], counterpart: str) -> dict[str, Any]:
    for total in statement["totals"]:
        if total["counterpart"] == counterpart:
            return dict(total)
    return {}


def _download(
    story: Story, agency: str, *, passwords: dict[str, str], today: str
) -> dict[str, Any]:
    """The librarian's own statement of today, as JSON and as the CSV she keeps."""
    login = next(login for login in logins(story.cast) if login.agency == agency)
    staff = Person(url=story.url)
    staff.sign_in_staff(username=login.username, password=passwords[login.username])
    folder = story.world.folder / "statements"
    query = {"from": today, "to": today}
    staff.session.headers["Accept"] = "application/json"
    address = "/api/v1/statements/"
    body = staff.download(address, query=query, keep_as=folder / f"{login.username}.json")
    staff.session.headers["Accept"] = "text/csv"
    table = staff.download(address, query=query, keep_as=folder / f"{login.username}.csv")
    statement: dict[str, Any] = json.loads(body)
    lines = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    if len(lines) != len(statement["rows"]):
        raise AssertionError(f"{login.username}: the CSV has other rows than the JSON")
    return statement
