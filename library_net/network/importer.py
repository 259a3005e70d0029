"""Reads a network file: institutions become Agencies with a main Branch, service points Branches.

Columns: code, name_zh, name_en, lat, lon, parent, kind, gb2260, population_2020. Reading the same
file again changes nothing; reading a corrected file corrects names, places and population, and
leaves what librarians set by hand (policies, hours, capacities, routes) alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from math import asin, cos, radians, sin, sqrt

from django.db import transaction

from library_net.errors import LibraryError
from library_net.network.models import Agency, AgencyKind, Branch, BranchKind, Route

REQUIRED = ("code", "name_zh", "lat", "lon", "parent", "kind", "gb2260")
ROAD_FACTOR = 1.25  # road distance over great circle, domain notes §5d
KM_PER_HOUR = 45.0
NEIGHBOURS_KM = 15.0  # mains this near get a van of their own
EARTH_KM = 6371.0

_NINE_TO_EIGHT = ["09:00", "20:00"]
# Mains rest on Mondays, as public libraries here do; {} means never closed.
DEFAULT_HOURS: dict[str, dict[str, list[str]]] = {
    BranchKind.MAIN: {str(day): _NINE_TO_EIGHT for day in range(2, 8)},
    BranchKind.READING_SPACE: {str(day): ["10:00", "21:00"] for day in range(1, 8)},
    BranchKind.COMMUNITY: {str(day): ["09:00", "18:00"] for day in range(1, 7)},
    BranchKind.SELF_SERVICE: {},
}
DEFAULT_CAPACITY = {
    BranchKind.MAIN: 2000,
    BranchKind.READING_SPACE: 400,
    BranchKind.COMMUNITY: 250,
    BranchKind.SELF_SERVICE: 150,
}
DEFAULT_CAPACITY_CENTER = 6000


@dataclass(slots=True)
class Outcome:
    """What reading the file did; ``errors`` are (line number, code, params)."""

    agencies: int = 0
    branches: int = 0
    routes: int = 0
    errors: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)


def load_network(lines: Iterable[str]) -> Outcome:
    """Read the whole file in one transaction; a bad row is reported and the rest goes on.

    Raises ``network_columns_missing`` when the header lacks a column we need.
    """
    reader = csv.DictReader(lines)
    missing = [name for name in REQUIRED if name not in (reader.fieldnames or [])]
    if missing:
        raise LibraryError("network_columns_missing", columns=", ".join(missing))
    outcome = Outcome()
    with transaction.atomic():
        waiting = list(enumerate(reader, start=2))
        while waiting:
            later = [entry for entry in waiting if not _save_row(*entry, outcome)]
            if len(later) == len(waiting):
                outcome.errors += [
                    (line, "network_parent_unknown", {"code": r["code"], "parent": r["parent"]})
                    for line, r in later
                ]
                break
            waiting = later
        outcome.routes = _make_routes()
    return outcome


def _save_row(line: int, row: Mapping[str, str], outcome: Outcome) -> bool:
    """Save one row; ``False`` when its parent is not there yet."""
    code, kind = row["code"].strip(), row["kind"].strip()
    if not code or not row["name_zh"].strip() or kind not in _KNOWN_KINDS:
        outcome.errors.append((line, "network_row_bad", {"code": code, "kind": kind}))
        return True
    parent = Agency.objects.filter(code=row["parent"].strip()).first()
    if row["parent"].strip() and parent is None:
        return False
    try:
        place = {"latitude": float(row["lat"]), "longitude": float(row["lon"])}
    except ValueError:
        outcome.errors.append((line, "network_coordinates_bad", {"code": code}))
        return True
    if kind in BranchKind.values and parent is not None:
        outcome.branches += _save_branch(row, kind=kind, agency=parent, place=place)
        return True
    population = row.get("population_2020", "") or "0"
    agency, is_new = Agency.objects.update_or_create(
        code=code,
        defaults={
            **_names(row),
            "kind": kind,
            "parent": parent,
            "population": int(population) if population.isdigit() else 0,
        },
    )
    outcome.agencies += is_new
    outcome.branches += _save_branch(row, kind=BranchKind.MAIN, agency=agency, place=place)
    return True


_KNOWN_KINDS = frozenset(AgencyKind.values) | frozenset(BranchKind.values) - {BranchKind.MAIN}


def _names(row: Mapping[str, str]) -> dict[str, str]:
    return {
        "name_zh": row["name_zh"].strip(),
        "name_en": row.get("name_en", "").strip(),
        "region_code": row["gb2260"].strip(),
    }


def _save_branch(
    row: Mapping[str, str], *, kind: str, agency: Agency, place: dict[str, float]
) -> bool:
    is_center = agency.kind != AgencyKind.DISTRICT and kind == BranchKind.MAIN
    facts = {**_names(row), **place, "agency": agency, "kind": kind}
    _branch, is_new = Branch.objects.update_or_create(
        code=row["code"].strip(),
        defaults=facts,
        create_defaults={
            **facts,
            "opening_hours": DEFAULT_HOURS[BranchKind(kind)],
            "shelf_capacity": DEFAULT_CAPACITY_CENTER
            if is_center
            else DEFAULT_CAPACITY[BranchKind(kind)],
        },
    )
    return is_new


def distance_km(a: Branch, b: Branch) -> float:
    """By road, estimated from the great circle."""
    lat_a, lon_a, lat_b, lon_b = (
        radians(x or 0.0) for x in (a.latitude, a.longitude, b.latitude, b.longitude)
    )
    h = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(h)) * ROAD_FACTOR


def _make_routes() -> int:
    """Give pairs that have none a van leg.

    Service points with their main building, mains with the main above them, near mains with each
    other, and the roots with one another.
    """
    branches = list(Branch.objects.select_related("agency"))
    known = set(Route.objects.values_list("origin_id", "destination_id"))
    new = [
        _route(a, b)
        for a, b in permutations(branches, 2)
        if (a.pk, b.pk) not in known and (_serves(a, b) or _serves(b, a))
    ]
    Route.objects.bulk_create(new)
    return len(new)


def _serves(hub: Branch, point: Branch) -> bool:
    if hub.kind != BranchKind.MAIN:
        return False
    if point.kind != BranchKind.MAIN:
        return point.agency_id == hub.agency_id
    if point.agency.parent_id == hub.agency_id:
        return True
    both_roots = hub.agency.parent_id is None and point.agency.parent_id is None
    return both_roots or distance_km(hub, point) <= NEIGHBOURS_KM


def _route(a: Branch, b: Branch) -> Route:
    km = distance_km(a, b)
    # City core daily, suburbs and counties on three days, between cities three days.
    weekdays = "1234567" if km <= NEIGHBOURS_KM else "1357" if km <= 60 else "257"
    return Route(
        origin=a,
        destination=b,
        distance_km=round(km, 1),
        minutes=round(km / KM_PER_HOUR * 60) + 10,
        weekdays=weekdays,
        capacity_crates=3 if km <= NEIGHBOURS_KM else 2,
    )
