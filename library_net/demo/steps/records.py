"""Members send their whole catalogues; where a file brings no copies, some are listed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from catalog.models import Batch, Item, SourceRecord
from library_net.demo.doors import POLL_S
from library_net.demo.members import BY_CODE
from library_net.demo.sources import Sending, Source
from library_net.demo.stage import Stage
from library_net.demo.steps.story import Story
from library_net.network.models import Branch

LISTED = 90  # copies listed for a member whose files bring too few
FEW = 40
STALLED_S = 150.0  # longer than the lease of a worker that died
COUNTS = (
    "records", "created", "updated", "unchanged", "repeated", "deleted", "quarantined", "merged",
    "items_created",
)  # fmt: skip


def send_catalogues(stage: Stage, story: Story, source: Source) -> None:
    with stage.step("catalogues", _("Members send their catalogues over HTTP")) as step:
        sendings = source.catalogues()
        stage.promise(bool(sendings), "no MARC file was found")
        batches = send_all(stage, story, sendings)
        step.facts.update(
            files=len(sendings),
            members=len({sending.agency for sending in sendings}),
            skipped=len(source.skipped()),
            **total(batches),
        )
        if source.is_folder:
            step.facts["listed"] = _list_copies(stage, story, {s.agency for s in sendings})
        else:
            _check_places(stage, sendings)
        stage.say(
            _(
                "%(files)d files of %(members)d members: %(records)d records read, "
                "%(quarantined)d spans set aside, %(items_created)d copies."
            ),
            **step.facts,
        )


def send_all(stage: Stage, story: Story, sendings: Sequence[Sending]) -> list[dict[str, Any]]:
    """Send every file, then wait until all are read; the answers in the same order."""
    columns = (TextColumn("    {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=stage.console, transient=True) as progress:
        sent = progress.add_task(stage.words(_("sent"))[0], total=len(sendings))
        batches = []
        for sending in sendings:
            batches.append(_send(story, sending))
            progress.advance(sent)
        read = progress.add_task(stage.words(_("read"))[0], total=len(sendings))
        done = []
        for sending, batch in zip(sendings, batches, strict=True):
            done.append(_finished(story, sending, batch))
            progress.advance(read)
    failed = [
        (sending.path.name, batch.get("state"))
        for sending, batch in zip(sendings, done, strict=True)
        if batch.get("state") != "done"
    ]
    stage.promise(not failed, f"not read to the end: {failed[:5]}")
    return done


def _send(story: Story, sending: Sending) -> dict[str, Any]:
    return story.member(sending.agency).send_file(sending.path)


def _finished(story: Story, sending: Sending, batch: dict[str, Any]) -> dict[str, Any]:
    """The batch when it is read; as it stood when nothing had moved for a long while."""
    member, moved, at = story.member(sending.agency), -1, time.monotonic()
    while True:
        now = member.get(f"batches/{batch['id']}/")
        if now["state"] in ("done", "failed"):
            return now
        # Its turn may come late: what counts is that some batch gets on.
        read = Batch.objects.aggregate(bytes=Sum("next_offset"))["bytes"]
        if read != moved:
            moved, at = read, time.monotonic()
        elif time.monotonic() - at > STALLED_S:
            return now
        time.sleep(POLL_S)


def total(batches: Sequence[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(int(batch["counts"][name]) for batch in batches) for name in COUNTS}


def _check_places(stage: Stage, sendings: Sequence[Sending]) -> None:
    """Each copy must stand where its owner put it."""
    placed = {
        (sending.agency, barcode): branch
        for sending in sendings
        for barcode, branch in (sending.placed or {}).items()
    }
    rows = Item.objects.values_list("owning_agency__code", "barcode", "home_branch__code")
    found = {(owner, barcode): branch for owner, barcode, branch in rows}
    stage.promise(
        found == placed, f"{len(found)} copies, {len(placed)} expected, or in other places"
    )


def _list_copies(stage: Stage, story: Story, agencies: set[str]) -> int:
    """Records without copies lend nothing: members of a bare folder list some."""
    listed = 0
    for code in sorted(agencies):
        if Item.objects.filter(owning_agency__code=code).count() >= FEW:
            continue
        keys = _bare_records(code)
        member = BY_CODE.get(code)
        places = [b for b in (member.branches if member else (code,)) if _is_branch(b)] or [code]
        rows = [
            {
                "control_number": key,
                "barcode": f"D{number:07d}",
                "branch": places[number % len(places)],
            }
            for number, key in enumerate(keys, start=1)
        ]
        if rows:
            answer = story.member(code).send_items(rows)
            listed += int(answer["created"])
    stage.say(_("%(n)d copies listed for members whose files bring few."), n=listed)
    return listed


def _bare_records(code: str) -> list[str]:
    """Control numbers of records without copies, those that other members hold too first."""
    rows = (
        SourceRecord.objects.filter(agency__code=code, deleted_at=None, items=None)
        .exclude(manifestation=None)
        .annotate(held_by=Count("manifestation__sources__agency", distinct=True))
        .order_by("-held_by", "pk")
    )
    return list(rows.values_list("source_key", flat=True)[1 : LISTED + 1])


def _is_branch(code: str) -> bool:
    return Branch.objects.filter(code=code).exists()
