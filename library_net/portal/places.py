"""The libraries as a reader knows them: by city, with today's hours and what stands there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import sqrt
from typing import Any

from django.core.cache import cache
from django.db.models import Count
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.domain.items import ItemStatus
from catalog.models import Item, Work
from library_net.network.models import Agency, AgencyKind, Branch, ClosedDay
from library_net.portal.cards import State

# GB/T 2260, first four digits: the city an institution of the network serves.
PREFECTURES = {
    "5101": gettext_lazy("Chengdu"),
    "5106": gettext_lazy("Deyang"),
    "5107": gettext_lazy("Mianyang"),
    "5114": gettext_lazy("Meishan"),
    "5120": gettext_lazy("Ziyang"),
}
TALLY_SECONDS = 60  # how old the counts on the first page may be
DAYS_AHEAD = 7
SPINE_WIDTH, SPINE_GAP, CITY_GAP = 7.0, 1.2, 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One branch."""

    id: int
    code: str
    name: str
    kind: str
    agency: str
    agency_code: str
    is_pickup_point: bool
    opening_hours: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        return f"b{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """The branches below one root of the tree."""

    number: int  # its colour on the first page
    anchor: str
    code: str
    name: str
    branches: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How large the network is."""

    branches: int
    titles: int
    copies: int
    copies_by_branch: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spine:
    city: int
    name: str
    copies: int
    x: float
    y: float
    width: float
    height: float
    band: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Skyline:
    """One book spine a branch: a picture of the network that is also a chart."""

    width: float
    spines: tuple[Spine, ...]


def cities() -> tuple[City, ...]:
    """Every active branch by city, the largest city first, peers last. Queries: 2."""
    agencies = {agency.pk: agency for agency in Agency.objects.all()}
    by_root: dict[int, list[Branch]] = {}
    for branch in Branch.objects.filter(is_active=True).order_by("code"):
        root = _root(agencies, branch.agency_id)
        by_root.setdefault(root.pk, []).append(branch)
    roots = sorted(
        (agencies[pk] for pk in by_root),
        key=lambda root: (root.kind == AgencyKind.PEER, -root.population, root.code),
    )
    return tuple(
        City(
            number=min(number, 5),
            anchor=f"c{root.pk}",
            code=root.code,
            name=_city_name(root),
            branches=tuple(_place(b, agencies[b.agency_id]) for b in by_root[root.pk]),
        )
        for number, root in enumerate(roots)
    )


def pickups(cities: tuple[City, ...], *, home: str) -> list[dict[str, Any]]:
    """Branches that hand out requests, the reader's own city first."""
    groups: list[dict[str, Any]] = [
        {"name": city.name, "branches": [b for b in city.branches if b.is_pickup_point]}
        for city in cities
    ]
    groups.sort(key=lambda group: all(b.code != home for b in group["branches"]))
    return [group for group in groups if group["branches"]]


def tally() -> Tally:
    """Counts for the first page, at most a minute old. Queries: 0, or 2 when they are due."""
    counted = cache.get("portal.tally")
    if counted is None:
        copies = dict(
            Item.objects.exclude(status=ItemStatus.WITHDRAWN)
            .values_list("current_branch_id")
            .annotate(count=Count("pk"))
            .order_by()
        )
        titles = Work.objects.filter(absorbed_by=None, manifestations__deleted_at=None)
        counted = (titles.values("pk").distinct().count(), copies)
        cache.set("portal.tally", counted, TALLY_SECONDS)
    titles_count, copies_by_branch = counted
    return Tally(
        branches=Branch.objects.filter(is_active=True).count(),
        titles=titles_count,
        copies=sum(copies_by_branch.values()),
        copies_by_branch=copies_by_branch,
    )


def skyline(shown: Iterable[City], *, copies: Mapping[int, int]) -> Skyline | None:
    """Spines as tall as the root of what stands at each branch; none while all are empty."""
    most = max(copies.values(), default=0)
    if not most:
        return None
    spines: list[Spine] = []
    x = 0.0
    for city in shown:
        for place in city.branches:
            count = copies.get(place.id, 0)
            height = round(14 + 84 * sqrt(count / most), 1)
            # Thick and thin books, always the same for the same branch.
            width = round(SPINE_WIDTH * (0.75 + 0.14 * (place.id * 7 % 5)), 1)
            spines.append(
                Spine(
                    city=city.number,
                    name=place.name,
                    copies=count,
                    x=round(x, 1),
                    y=round(100 - height, 1),
                    width=width,
                    height=height,
                    band=round(100 - height * 0.84, 1),
                )
            )
            x += width + SPINE_GAP
        x += CITY_GAP
    return Skyline(width=round(x - SPINE_GAP - CITY_GAP, 1), spines=tuple(spines))


def closed_dates(*, today: date) -> dict[int, frozenset[date]]:
    """Closed days of the coming week by branch. Queries: 1."""
    rows = ClosedDay.objects.filter(
        date__gte=today, date__lte=today + timedelta(days=DAYS_AHEAD)
    ).values_list("branch_id", "date")
    found: dict[int, set[date]] = {}
    for branch_id, day in rows:
        found.setdefault(branch_id, set()).add(day)
    return {branch_id: frozenset(days) for branch_id, days in found.items()}


def hours_now(hours: Mapping[str, list[str]], *, closed: frozenset[date], now: datetime) -> State:
    """Open or closed at this local moment, until when or from when."""
    today, clock = now.date(), now.time()
    if not hours and today not in closed:
        return State(tone="good", text=_("Open day and night"))
    span = _span(hours, today, closed=closed)
    if span is not None and span[0] <= clock < span[1]:
        until = _("until %(time)s") % {"time": formats.time_format(span[1], "H:i")}
        return State(tone="good", text=_("Open now"), where=until)
    if span is not None and clock < span[0]:
        from_time = formats.time_format(span[0], "H:i")
        return State(tone="soon", text=_("Opens at %(time)s today") % {"time": from_time})
    text = _("Closed now") if span is not None else _("Closed today")
    return State(tone="stop", text=text, where=_next_opening(hours, closed=closed, today=today))


def _next_opening(hours: Mapping[str, list[str]], *, closed: frozenset[date], today: date) -> str:
    for ahead in range(1, DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        if (span := _span(hours, day, closed=closed)) is not None:
            return _("opens %(weekday)s %(time)s") % {
                "weekday": formats.date_format(day, "l"),
                "time": formats.time_format(span[0], "H:i"),
            }
    return ""


def _span(
    hours: Mapping[str, list[str]], day: date, *, closed: frozenset[date]
) -> tuple[time, time] | None:
    if day in closed:
        return None
    if not hours:
        return time(0), time(23, 59)
    written = hours.get(str(day.isoweekday()))
    return (time.fromisoformat(written[0]), time.fromisoformat(written[1])) if written else None


def _root(agencies: Mapping[int, Agency], pk: int) -> Agency:
    agency, seen = agencies[pk], {pk}
    while agency.parent_id is not None and agency.parent_id not in seen:
        agency = agencies[agency.parent_id]
        seen.add(agency.pk)
    return agency


def _city_name(root: Agency) -> str:
    is_city = root.kind != AgencyKind.PEER
    known = PREFECTURES.get(root.region_code[:4]) if is_city else None
    return str(known) if known else root.name


def _place(branch: Branch, agency: Agency) -> Place:
    return Place(
        id=branch.pk,
        code=branch.code,
        name=branch.name,
        kind=branch.get_kind_display(),
        agency=agency.name,
        agency_code=agency.code,
        is_pickup_point=branch.is_pickup_point,
        opening_hours=branch.opening_hours,
    )
