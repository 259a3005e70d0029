"""A repository's records fetched over OAI-PMH: pages become batches of single changes.

A step fetches some pages, and saves them together with the place to go on from; a process killed
anywhere repeats at most one step. The next run begins with the greatest datestamp seen, not with
our clock; what it repeats costs nothing, because unchanged records are known by their digest.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import requests
from django.db import transaction
from django.db.models import Q

from catalog.actions.ingesting.reading import short_key
from catalog.actions.ingesting.storing import keep_bytes, queue_reading
from catalog.domain.oai_answers import HarvestedRecord as Found
from catalog.domain.oai_answers import OaiPage, read_page
from catalog.models import Batch, BatchKind, HarvestedRecord, HarvestSource
from catalog.models.bulk import insert_rows, select_where_in
from library_net.db import claim
from library_net.errors import LibraryError
from library_net.jobs.models import JobRun, JobState

STEP_RECORDS = 1000
STEP_SECONDS = 8  # then short tasks get their turn
TIMEOUT_S = (10, 30)
MAX_PAGE_BYTES = 64 * 1024 * 1024
LONGEST_WAIT = timedelta(hours=6)
SHORTEST_WAIT = timedelta(seconds=30)
USER_AGENT = "LibraryNet-Harvester/1"


def due_sources(*, now: datetime) -> list[HarvestSource]:
    """Sources whose time has come. One query."""
    due = HarvestSource.objects.filter(is_active=True, next_due_at__lte=now, agency__left_date=None)
    return list(due.select_related("agency").order_by("next_due_at"))


def start_harvest(*, source: HarvestSource, now: datetime) -> JobRun | None:
    """Queue a run, or None while one is under way. It goes on where an unfinished run stopped."""
    with transaction.atomic():
        due = HarvestSource.objects.filter(pk=source.pk, next_due_at=source.next_due_at)
        is_idle = Q(job=None) | ~Q(job__state__in=[JobState.QUEUED, JobState.RUNNING])
        if not claim(
            due.filter(is_idle), next_due_at=now + timedelta(minutes=source.every_minutes)
        ):
            return None
        job = JobRun.start(
            task="catalog.harvest",
            now=now,
            subject=f"{source.agency.code} {source}"[:120],
            source_id=source.pk,
        )
        HarvestSource.objects.filter(pk=source.pk).update(job=job)
        return job


def harvest_now(*, source: HarvestSource, now: datetime) -> JobRun | None:
    """The next run at once instead of when it is due."""
    HarvestSource.objects.filter(pk=source.pk).update(next_due_at=now)
    source.next_due_at = now
    return start_harvest(source=source, now=now)


@dataclass(slots=True)
class _Step:
    """Where the run stands, and what this step has fetched."""

    token: str
    until: str  # the greatest datestamp of the run
    is_ordered: bool
    records: list[Found] = field(default_factory=list)
    is_done: bool = False
    failure: LibraryError | None = None


def harvest_step(*, source: HarvestSource, job: JobRun, now: datetime) -> bool:
    """Fetch and save one portion; True when the run is complete. The caller holds the lease.

    Raises ``harvest_unreachable``, ``harvest_status``, ``harvest_busy``, ``harvest_not_oai``,
    ``harvest_refused``, ``harvest_no_progress``; what was fetched before is saved all the same.
    """
    step = _Step(token=source.token, until=source.run_until, is_ordered=source.run_is_ordered)
    try:
        _fetch(source, step)
    except LibraryError as error:
        step.failure = error
    _save(source, step, job, now=now)
    if step.failure:
        raise step.failure
    return step.is_done


def note_failure(*, source: HarvestSource, error: LibraryError, text: str, now: datetime) -> None:
    """Remember why a run stopped and when to go on: as asked by the repository, else later."""
    failures = source.failures + 1
    wait = min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** min(failures, 12))
    if asked := error.params.get("seconds"):
        wait = min(LONGEST_WAIT, timedelta(seconds=int(asked)))
    HarvestSource.objects.filter(pk=source.pk).update(
        failures=failures, last_error=text[:400], next_due_at=now + wait
    )


# --- fetching -------------------------------------------------------------------------------------


def _fetch(source: HarvestSource, step: _Step) -> None:
    deadline = time.monotonic() + STEP_SECONDS
    has_restarted = False
    while not step.is_done and len(step.records) < STEP_RECORDS and time.monotonic() < deadline:
        page = read_page(_get(source.url, _arguments(source, step)))
        if page.error == "badResumptionToken" and step.token and not has_restarted:
            step.token, has_restarted = "", True
            continue
        if page.error == "noRecordsMatch":
            step.token, step.is_done = "", True
            return
        _refuse(page)
        if page.token and page.token == step.token:
            raise LibraryError("harvest_no_progress")
        _add(page, step)


def _arguments(source: HarvestSource, step: _Step) -> dict[str, str]:
    """Where the list goes on; without a token, at the greatest datestamp nothing can lie behind."""
    if step.token:
        return {"verb": "ListRecords", "resumptionToken": step.token}
    begin = step.until if step.until and step.is_ordered else source.harvested_until
    asked = {"from": begin, "set": source.set_spec}
    return {
        "verb": "ListRecords",
        "metadataPrefix": source.metadata_prefix,
        **{name: value for name, value in asked.items() if value},
    }


def _add(page: OaiPage, step: _Step) -> None:
    for record in page.records:
        if record.datestamp < step.until:
            step.is_ordered = False
        step.until = max(step.until, record.datestamp)
    step.records += page.records
    step.token = page.token
    step.is_done = not page.token


def _refuse(page: OaiPage) -> None:
    if page.error == "not_oai":
        raise LibraryError("harvest_not_oai", detail=page.detail)
    if page.error:
        raise LibraryError("harvest_refused", error=page.error, detail=page.detail)


def _get(url: str, arguments: dict[str, str]) -> bytes:
    headers = {"User-Agent": USER_AGENT}
    try:
        with requests.get(
            url, params=arguments, headers=headers, timeout=TIMEOUT_S, stream=True
        ) as answer:
            if answer.status_code in (429, 503):
                raise LibraryError("harvest_busy", seconds=_retry_after(answer))
            if answer.status_code != requests.codes.ok:
                raise LibraryError("harvest_status", status=answer.status_code)
            return _body(answer)
    except requests.RequestException as error:
        raise LibraryError("harvest_unreachable", reason=type(error).__name__) from error


def _body(answer: requests.Response) -> bytes:
    content = bytearray()
    for piece in answer.iter_content(64 * 1024):
        content += piece
        if len(content) > MAX_PAGE_BYTES:
            raise LibraryError("harvest_not_oai", detail=f"> {MAX_PAGE_BYTES} bytes")
    return bytes(content)


def _retry_after(answer: requests.Response) -> int:
    text = answer.headers.get("Retry-After", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 60


# --- saving ---------------------------------------------------------------------------------------


_PROGRESS = ["token", "run_until", "run_is_ordered", "run_records", "failures", "last_error"]
_PROGRESS += ["harvested_until", "finished_at", "next_due_at"]


def _save(source: HarvestSource, step: _Step, job: JobRun, *, now: datetime) -> None:
    """The records as a batch, and where to go on, in one transaction."""
    with transaction.atomic():
        lines = _lines(source, step.records)
        if lines:
            name = f"OAI {step.until}"
            batch = Batch(
                agency=source.agency, kind=BatchKind.CHANGES, file_name=name, created_at=now
            )
            batch.save()
            keep_bytes(batch, lines)
            queue_reading(batch, now=now)
        _advance(source, step, now=now)
        source.save(update_fields=_PROGRESS)
        job.step_done(done=source.run_records, total=0, now=now)
        if step.is_done:
            job.finish(now=now)


def _advance(source: HarvestSource, step: _Step, *, now: datetime) -> None:
    is_new_run = not (source.token or source.run_until)
    source.run_records = len(step.records) + (0 if is_new_run else source.run_records)
    source.token, source.run_until = step.token, step.until
    source.run_is_ordered = step.is_ordered
    if step.records or step.is_done:
        source.failures, source.last_error = 0, ""
    if step.is_done:
        source.harvested_until = max(source.harvested_until, step.until)
        source.token = source.run_until = ""
        source.run_is_ordered, source.finished_at = True, now
        source.next_due_at = now + timedelta(minutes=source.every_minutes)


def _lines(source: HarvestSource, records: Iterable[Found]) -> list[bytes]:
    """JSON lines of the changes; tombstones find their control number by the OAI identifier."""
    found = {short_key(one.identifier): one for one in records}  # the last mention of each
    known = {
        identifier: (pk, number)
        for pk, identifier, number in select_where_in(
            "SELECT id, identifier, control_number FROM catalog_harvestedrecord"
            " WHERE source_id = %s AND identifier {values}",
            sorted(found),
            source.pk,
        )
    }
    new: list[tuple[int, str, str]] = []
    lines: list[bytes] = []
    for identifier, one in found.items():
        pk, number = known.get(identifier, (0, ""))
        if one.is_deleted:
            lines += [_line("delete", number, one)] if number else []
            continue
        if not one.record:
            continue
        current = short_key(one.control_number or one.identifier)
        if number and number != current:  # renumbered by the repository
            HarvestedRecord.objects.filter(pk=pk).update(control_number=current)
            lines.append(_line("delete", number, one))
        if not number:
            new.append((source.pk, identifier, current))
        lines.append(_line("upsert", current, one, record=one.record))
    insert_rows(HarvestedRecord, ["source_id", "identifier", "control_number"], new)
    return lines


def _line(op: str, number: str, one: Found, **more: Any) -> bytes:
    change = {"op": op, "control_number": number, "sequence": one.sequence, **more}
    return orjson.dumps(change) + b"\n"
