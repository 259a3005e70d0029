"""One work as its page shows it: editions, shelves by city, and why records were merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import vocabulary
from catalog.domain.items import ItemStatus
from catalog.models import Item
from catalog.models.items import STATUS_NAMES
from catalog.readers import BranchItems, EditionPage, EvidenceLine, RecordPage, SourceLine
from library_net.portal.cards import Cover, State, availability, cover_of, imprint_of
from library_net.portal.places import City, Place

Record = Mapping[str, Any]  # BibRecord.to_json(); keys may be missing

GONE = (ItemStatus.LOST, ItemStatus.MISSING, ItemStatus.CLAIMED_RETURNED)
MAX_EVIDENCE = 12
MAX_COPIES = 60  # offered one by one; a reader who wants another asks for the title


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    name: str
    text: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The copies of one edition at one branch."""

    anchor: str
    branch: str
    state: State
    call_number: str
    location: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CityShelves:
    name: str
    rows: tuple[Shelf, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyLine:
    """One copy a reader may ask for by itself."""

    id: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    id: int
    agency: str
    key: str
    format: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    name: str
    verdict: str
    left: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    left: str
    right: str
    score: str
    rows: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    id: int
    public_id: str
    heading: str
    facts: tuple[Fact, ...]
    summary: str
    state: State
    on_shelf: int
    lendable: int
    shelves: tuple[CityShelves, ...]
    copies: tuple[CopyLine, ...]
    sources: tuple[Source, ...]
    evidence: tuple[Match, ...]
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPage:
    id: int
    public_id: str
    url: str
    title: str
    author: str
    author_url: str
    imprint: str
    material: str
    cover: Cover
    state: State
    editions: tuple[Edition, ...]

    @property
    def can_request(self) -> bool:
        return any(edition.lendable for edition in self.editions)


def work_page(page: RecordPage, *, cities: Sequence[City]) -> WorkPage:
    """The words and shapes for what the catalogue says. Queries: 0."""
    editions = [_edition(edition, cities=cities) for edition in page.editions]
    # What a reader can have soonest first; within that the catalogue's order, newest first.
    editions.sort(key=lambda e: (-min(e.on_shelf, 1), -min(e.lendable, 1)))
    if editions:
        editions[0] = replace(editions[0], is_open=True)
    records = {edition.public_id: edition for edition in page.editions}
    first = records[editions[0].public_id] if editions else None
    every = [place for edition in page.editions for place in edition.branches]
    return WorkPage(
        id=page.work_id,
        public_id=page.public_id,
        url=reverse("portal:work", args=[page.work_id]),
        title=page.title,
        author=page.author,
        author_url=_search_url(q=f'author:"{page.author}"'),
        imprint=_imprint(page, first=first),
        material=_material(first.record) if first else "",
        cover=cover_of(page.title),
        state=_state_of(every, cities=cities),
        editions=tuple(editions),
    )


def _material(record: Record) -> str:
    """What it is, where it is not a book as nearly everything is."""
    code = str(record.get("material") or "book")
    return "" if code == "book" else vocabulary.material(code)


def _imprint(page: RecordPage, *, first: EditionPage | None) -> str:
    years = [edition.year for edition in page.editions if edition.year]
    if first is None:
        return ""
    if years and min(years) < max(years):
        return f"{first.publisher} · {min(years)}–{max(years)}".lstrip(" ·")
    return imprint_of(publisher=first.publisher, year=first.year)


def _edition(row: EditionPage, *, cities: Sequence[City]) -> Edition:
    record: Record = row.record
    parts = [row.publisher, str(row.year or ""), str(record.get("edition") or ""), _volume(record)]
    return Edition(
        id=row.manifestation_id,
        public_id=row.public_id,
        heading=" · ".join(part for part in parts if part) or row.title,
        facts=tuple(_facts(row, record)),
        summary=str(record.get("summary") or ""),
        state=_state_of(row.branches, cities=cities),
        on_shelf=row.available,
        lendable=sum(copy.is_lendable for place in row.branches for copy in _present(place)),
        shelves=_shelves(row.branches, cities=cities),
        copies=tuple(_copy_lines(row.branches))[:MAX_COPIES],
        sources=tuple(_source(line) for line in row.sources if not line.is_withdrawn),
        evidence=tuple(_match(line, sources=row.sources) for line in row.evidence[:MAX_EVIDENCE]),
    )


def _source(line: SourceLine) -> Source:
    return Source(
        id=line.source_id,
        agency=line.agency.name,
        key=_short_key(line.source_key),
        format=f"{line.format.upper()} · {line.encoding.upper()}",
        received_at=line.received_at,
    )


def _present(place: BranchItems) -> list[Item]:
    """The copies somebody could hope for."""
    return [copy for copy in place.items if copy.status not in GONE]


def _copy_lines(at: Sequence[BranchItems]) -> Iterator[CopyLine]:
    for place in at:
        for copy in _present(place):
            if copy.is_lendable:
                status = STATUS_NAMES[ItemStatus(copy.status)]
                parts = (copy.volume, place.branch.name, copy.barcode, str(status))
                yield CopyLine(id=copy.pk, text=" · ".join(part for part in parts if part))


def _is_on_shelf(copy: Item) -> bool:
    return copy.status == ItemStatus.AVAILABLE and copy.is_lendable


def _state_of(at: Sequence[BranchItems], *, cities: Sequence[City]) -> State:
    here = {place.branch.pk for place in at if place.available}
    names = [place.name for city in cities for place in city.branches if place.id in here]
    return availability(
        on_shelf=sum(place.available for place in at),
        copies=sum(len(_present(place)) for place in at),
        branches=names,
    )


def _shelves(at: Sequence[BranchItems], *, cities: Sequence[City]) -> tuple[CityShelves, ...]:
    copies = {place.branch.pk: present for place in at if (present := _present(place))}
    found = []
    for city in cities:
        rows = [_shelf(place, copies[place.id]) for place in city.branches if place.id in copies]
        rows.sort(key=lambda shelf: shelf.state.tone != "good")
        if rows:
            found.append(CityShelves(name=city.name, rows=tuple(rows)))
    return tuple(found)


def _shelf(place: Place, copies: Sequence[Item]) -> Shelf:
    here = [copy for copy in copies if _is_on_shelf(copy)]
    if here:
        count = len(here)
        text = ngettext("%(n)s on the shelf", "%(n)s on the shelf", count) % {"n": count}
        state = State(tone="good", text=text)
    else:
        state = State(tone="soon", text=str(STATUS_NAMES[ItemStatus(copies[0].status)]))
    others = [copy for copy in copies if not _is_on_shelf(copy)] if here else copies[1:]
    details = [_counted(others)] if others else []
    if not any(copy.is_lendable for copy in copies):
        details.append(_("for reading in the library only"))
    first = (here or copies)[0]
    return Shelf(
        anchor=place.anchor,
        branch=place.name,
        state=state,
        call_number=first.call_number,
        location=first.location,
        detail=" · ".join(details),
    )


def _counted(copies: Sequence[Item]) -> str:
    """The other copies by status: 2 on loan, 1 in transit."""
    counts: dict[str, int] = {}
    for copy in copies:
        counts[copy.status] = counts.get(copy.status, 0) + 1
    return ", ".join(
        _("%(n)s %(status)s") % {"n": n, "status": STATUS_NAMES[ItemStatus(status)]}
        for status, n in counts.items()
    )


def _facts(row: EditionPage, record: Record) -> Iterable[Fact]:
    isbns = [i["value"] for i in record.get("identifiers") or () if i.get("kind") == "isbn"]
    people = record.get("contributors") or ()
    rows = (
        Fact(name=_("People"), links=tuple(_person(person) for person in people)),
        Fact(name="ISBN", text=" · ".join(isbns)),
        Fact(name=_("Published"), text=_published(row, record)),
        Fact(name=_("Extent"), text=str(record.get("extent") or "")),
        Fact(name=_("Language"), text=_languages(record)),
        Fact(name=_("Series"), text=" · ".join(_series(record))),
        Fact(name=_("Subjects"), links=tuple(_subject(s) for s in record.get("subjects") or ())),
        Fact(name=_("Classification"), text=" · ".join(_classes(record))),
    )
    return (fact for fact in rows if fact.text or fact.links)


def _published(row: EditionPage, record: Record) -> str:
    parts = (str(record.get("place") or ""), row.publisher, str(row.year or ""))
    return " · ".join(part for part in parts if part)


def _languages(record: Record) -> str:
    return " · ".join(vocabulary.language(code) for code in record.get("languages") or ())


def _series(record: Record) -> Iterable[str]:
    for series in record.get("series") or ():
        yield " ".join(p for p in (series.get("title", ""), series.get("volume", "")) if p)


def _classes(record: Record) -> Iterable[str]:
    for found in record.get("classes") or ():
        yield f"{found.get('scheme', '').upper()} {found.get('value', '')}"


def _volume(record: Record) -> str:
    return " ".join(str(record.get(key) or "") for key in ("volume", "part_name")).strip()


def _person(person: Record) -> Link:
    name = str(person.get("name") or "")
    role = vocabulary.role(str(person.get("role") or "aut"))
    text = f"{name} ({role})" if role else name
    return Link(text=text, url=_search_url(q=f'author:"{name}"'))


def _subject(subject: str) -> Link:
    return Link(text=subject, url=_search_url(q=f'subject:"{subject}"'))


def _search_url(**params: str) -> str:
    return f"{reverse('portal:search')}?{urlencode(params)}"


def _match(line: EvidenceLine, *, sources: Sequence[SourceLine]) -> Match:
    names = {source.source_id: source.agency.name for source in sources}
    return Match(
        left=names.get(line.left_id, ""),
        right=names.get(line.right_id, ""),
        score=f"{line.score:.0%}",
        rows=tuple(
            EvidenceRow(
                name=vocabulary.field(name),
                verdict=vocabulary.verdict(verdict),
                left=str(left),
                right=str(right),
            )
            for name, verdict, _score, left, right in line.fields
        ),
    )


def _short_key(key: str) -> str:
    """A digest that stands in for a missing control number is long and says nothing."""
    return f"{key[:12]}…" if len(key) > 40 else key
