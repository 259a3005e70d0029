"""Three members in three cities send this week's records; duplicates meet; readers find them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from catalog.models import Item, Manifestation, MatchEvidence, SourceRecord
from library_net.demo.doors import Person, wait_until
from library_net.demo.holdings import STORY_AUTHOR, STORY_TITLE
from library_net.demo.sources import Sending, Source
from library_net.demo.stage import Stage
from library_net.demo.steps.records import send_all, total
from library_net.demo.steps.story import Story
from library_net.network.models import Branch

PAGES_TO_LEAF = 4
SHOWN = 3  # merges told in full
STORY_BARCODE = "STORY0000001"


def sync_this_week(stage: Stage, story: Story, source: Source) -> None:
    """Send, merge, choose the story's book, search for it."""
    _send(stage, story, source)
    _merges(stage, source)
    _choose_book(story, source)
    _search(stage, story)


def _send(stage: Stage, story: Story, source: Source) -> None:
    with stage.step("sync", _("Three members sync over HTTP")) as step:
        sendings = source.this_week()
        batches = send_all(stage, story, sendings)
        for sending, batch in zip(sendings, batches, strict=True):
            _tell(stage, story, sending, batch)
            _check(stage, source, sending, batch["counts"])
        step.facts.update(members=[s.agency for s in sendings], **total(batches))
        if not source.is_folder:
            story.world.put(_placed(story, sendings))


def _tell(stage: Stage, story: Story, sending: Sending, batch: dict[str, Any]) -> None:
    counts = batch["counts"]
    stage.say(
        _(
            "%(member)s: 202, then %(created)d new, %(unchanged)d unchanged, %(merged)d joined "
            "another member's record, %(quarantined)d set aside."
        ),
        member=story.name(sending.agency),
        **{name: counts[name] for name in ("created", "unchanged", "merged", "quarantined")},
    )
    if counts["quarantined"]:
        rejects = story.member(sending.agency).get(f"batches/{batch['id']}/rejects/")["results"]
        for reject in rejects[:SHOWN]:
            stage.say(
                _("set aside: record %(position)s at byte %(offset)s: %(message)s"),
                position=reject["position"],
                offset=reject["offset"],
                message=reject.get("message", reject["code"]),
            )


def _check(stage: Stage, source: Source, sending: Sending, counts: dict[str, int]) -> None:
    if source.is_folder:
        is_known = counts["created"] == 0 or counts["deleted"] > 0
        stage.promise(is_known, f"{sending.path.name} sent again created records")
        return
    stage.promise(counts["created"] > 0, f"nothing new from {sending.agency}")
    stage.promise(counts["unchanged"] > 0, f"records sent again changed at {sending.agency}")
    has_damage = counts["quarantined"] > 0
    stage.promise(has_damage == bool(sending.damaged), f"{counts['quarantined']} spans set aside")


def _placed(story: Story, sendings: Sequence[Sending]) -> list[tuple[int, str, int]]:
    """This week's new copies go on the shelves their owners chose."""
    branches = dict(Branch.objects.values_list("code", "pk"))
    known = story.world.shelves()
    rows = []
    for sending in sendings:
        mine = Item.objects.filter(owning_agency__code=sending.agency)
        ids = dict(mine.values_list("barcode", "pk"))
        for barcode, branch in (sending.placed or {}).items():
            if (pk := ids.get(barcode)) is not None and pk not in known:
                rows.append((pk, "shelf", branches[branch]))
    return rows


# --- merging -----------------------------------------------------------------------------------


def _merges(stage: Stage, source: Source) -> None:
    with stage.step("merge", _("One catalogue comes out")) as step:
        records = SourceRecord.objects.filter(deleted_at=None).count()
        union = Manifestation.objects.filter(deleted_at=None, absorbed_by=None)
        count = union.count()
        shared = union.annotate(
            members=Count("sources__agency", distinct=True), records=Count("sources")
        )
        across = shared.filter(members__gt=1).count()
        joined = list(shared.filter(records__gt=1).values_list("pk", flat=True))
        bare = _without_evidence(joined)
        stage.promise(not bare, f"{len(bare)} merges without evidence: {bare[:5]}")
        stage.promise(count <= records, "more union records than records")
        if not source.is_folder:
            stage.promise(count < records and across > 0, "no duplicates merged")
        step.facts.update(
            records_in=records,
            union_records_out=count,
            merged=len(joined),
            across_members=across,
            evidence=MatchEvidence.objects.count(),
        )
        stage.say(
            _(
                "%(records_in)d records in, %(union_records_out)d union records out; "
                "%(across_members)d of them are held by several members, each join with its "
                "evidence."
            ),
            **step.facts,
        )
        _show_evidence(stage)


def _without_evidence(manifestations: list[int]) -> list[int]:
    """Union records whose member records are not all linked to one another by evidence."""
    members: dict[int, set[int]] = defaultdict(set)
    rows = SourceRecord.objects.filter(manifestation_id__in=manifestations, deleted_at=None)
    for manifestation, record in rows.values_list("manifestation_id", "pk"):
        members[manifestation].add(record)
    links: dict[int, set[int]] = defaultdict(set)
    for left, right in MatchEvidence.objects.values_list("source_record_id", "matched_with_id"):
        links[left].add(right)
        links[right].add(left)
    return [pk for pk, records in members.items() if not _is_linked(records, links)]


def _is_linked(records: set[int], links: dict[int, set[int]]) -> bool:
    waiting = [min(records)]
    seen = set(waiting)
    while waiting:
        for other in (links[waiting.pop()] & records) - seen:
            seen.add(other)
            waiting.append(other)
    return seen == records


def _show_evidence(stage: Stage) -> None:
    best = (
        MatchEvidence.objects.select_related("source_record__agency", "matched_with__agency")
        .exclude(source_record__agency=None)
        .order_by("-pk")
    )
    rows, told = [], set()
    for evidence in best.iterator():
        pair = (evidence.source_record.agency, evidence.matched_with.agency)
        if pair[0] == pair[1] or evidence.source_record.manifestation_id in told:
            continue
        told.add(evidence.source_record.manifestation_id)
        rows.append(
            (
                str(evidence.source_record.manifestation or ""),
                f"{pair[0].name_zh} · {pair[1].name_zh}",
                f"{evidence.score:.2f}",
                ", ".join(str(field[0]) for field in evidence.fields),
            )
        )
        if len(rows) == SHOWN:
            break
    if rows:
        stage.table((_("title"), _("members"), _("score"), _("because of")), rows)


# --- the story's book ----------------------------------------------------------------------------


def _choose_book(story: Story, source: Source) -> None:
    """The lender's only copy of a title that other members describe too."""
    if source.is_folder:
        _list_one_copy(story)
        return
    item = (
        Item.objects.filter(
            owning_agency__code=story.lender,
            source_record__manifestation__title=STORY_TITLE,
            source_record__manifestation__author__contains=STORY_AUTHOR,
        )
        .select_related("source_record__manifestation")
        .first()
    )
    if item is None or item.source_record.manifestation is None:
        raise AssertionError(f"the story's book {STORY_TITLE} did not arrive")
    story.barcode = item.barcode
    story.title = item.source_record.manifestation.title
    story.manifestation = item.source_record.manifestation.public_id


def _list_one_copy(story: Story) -> None:
    """In a folder of others' records: one the lender holds, without copies yet, gets one."""
    described = (
        SourceRecord.objects.filter(agency__code=story.lender, deleted_at=None)
        .exclude(manifestation=None)
        .exclude(manifestation__title="")
        .annotate(
            held_by=Count("manifestation__sources__agency", distinct=True),
            copies=Count("manifestation__sources__items", distinct=True),
        )
        .order_by("copies", "-held_by", "pk")
    )
    record = described.filter(copies=0).order_by("-held_by", "pk").first() or described.first()
    if record is None or record.manifestation is None:
        raise AssertionError(f"{story.lender} has no usable record to tell the story with")
    row = {"control_number": record.source_key, "barcode": STORY_BARCODE, "branch": story.lender}
    story.member(story.lender).send_items([row])
    item = Item.objects.get(owning_agency__code=story.lender, barcode=STORY_BARCODE)
    story.world.put([(item.pk, "shelf", story.branch_id(story.lender))])
    story.barcode = STORY_BARCODE
    story.title = record.manifestation.title
    story.manifestation = record.manifestation.public_id


def _search(stage: Stage, story: Story) -> None:
    with stage.step("search", _("A reader finds the book")) as step:
        reader = Person(url=story.url)
        wanted = Manifestation.objects.get(pk=int(story.manifestation[1:]))
        link = f"/works/w{wanted.work_id}"
        words = [" ".join(story.title.split()[:8])[:60] if " " in story.title else story.title[:20]]
        if story.title == STORY_TITLE:
            words += [f"{STORY_TITLE} {STORY_AUTHOR}", "chaguan"]
        found = {}
        for word in words:
            page = wait_until(lambda word=word: _page_with(reader, word, link), seconds=45)
            found[word] = page is not None
            stage.promise(page is not None, f"searching {word!r} did not find {link}")
        step.facts.update(searched=found, work=link)
        stage.say(
            _("“%(words)s” finds it: %(link)s"),
            words="” · “".join(found),
            link=f"{story.url}/search?q={quote(words[0])}",
        )


def _page_with(reader: Person, word: str, link: str) -> str | None:
    """The first of the first pages of results that shows the work."""
    for number in range(1, PAGES_TO_LEAF + 1):
        page = reader.page("/search", q=word, page=number)
        if link in page:
            return page
        if f"page={number + 1}" not in page:
            break
    return None
