"""What the allocation of free copies to waiting requests is made from, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.domain.allocation.problem import FreeCopy, Problem, Wish, prepare
from circulation.domain.calendar import local_date
from circulation.domain.policies import Context, Place, resolve
from circulation.domain.states import RequestState, ReturnPolicy, TransitState
from circulation.domain.vans import Leg, Timetable
from circulation.models import HoldRequest, Pick, Transit
from circulation.readers.night import COPIES_PER_CRATE, owner_caps, title_of
from circulation.readers.reference import Reference, load_reference
from library_net.accounts.scope import Scope
from library_net.network.models import Branch, Route


def read_allocation(*, now: datetime) -> Problem:
    """Every waiting request and every free copy of what they wait for. Queries: 10."""
    on = local_date(now)
    reference = load_reference(today=on)
    wishes, categories = _wishes(reference, now=now)
    copies, kinds = _copies(wishes, reference)
    branches = {
        pk: (agency, code)
        for pk, agency, code in Branch.objects.values_list("pk", "agency_id", "code")
    }
    agency_of = {pk: agency for pk, (agency, _code) in branches.items()}
    owner_room = _owner_room(reference)
    return prepare(
        wishes=wishes,
        copies=copies,
        timetable=load_timetable(),
        on=on,
        may_serve=_may_serve(
            reference, branches=branches, categories=categories, kinds=kinds, now=now
        ),
        agency_of=agency_of,
        leg_room=_leg_room(),
        owner_room=owner_room,
    )


def load_timetable() -> Timetable:
    """The vans' legs. Queries: 1."""
    rows = Route.objects.order_by("pk").values_list(
        "origin_id", "destination_id", "distance_km", "weekdays"
    )
    return Timetable(
        Leg(origin=origin, destination=to, km=km, weekdays=frozenset(map(int, weekdays)))
        for origin, to, km, weekdays in rows
    )


def live_picks(*, scope: Scope) -> QuerySet[Pick]:
    """Copies to pull at the branches of a scope, as far as nothing came between. Queries: 1."""
    rows = Pick.objects.filter(
        request__state=RequestState.WAITING, item__status=ItemStatus.AVAILABLE
    ).select_related(
        "item__source_record__manifestation",
        "item__owning_agency",
        "branch",
        "request__pickup_branch",
    )
    rows = rows if scope.everywhere else rows.filter(branch__agency_id__in=scope.agency_ids)
    return rows.order_by("branch__code", "item__call_number", "pk")


def _wishes(reference: Reference, *, now: datetime) -> tuple[list[Wish], dict[int, str]]:
    """Waiting requests in queue order, and each one's patron category. Queries: 1."""
    rows = (
        HoldRequest.objects.filter(state=RequestState.WAITING)
        .exclude(pickup_branch__agency_id__in=reference.suspended)
        .order_by("pk")
        .values_list(
            "pk",
            "anchor__manifestation_id",
            "anchor_id",
            "pickup_branch_id",
            "placed_at",
            "wanted_item_id",
            "patron__category__code",
        )
    )
    wishes, categories = [], {}
    for pk, edition, record, pickup, placed_at, item, category in rows:
        wishes.append(
            Wish(
                request=pk,
                title=title_of(edition, record),
                pickup=pickup,
                waited_days=max(0, (now - placed_at).days),
                item=item,
            )
        )
        categories[pk] = category
    return wishes, categories


Kinds = dict[int, tuple[str, bool]]  # by copy: its material, and whether it is at home


def _copies(wishes: Iterable[Wish], reference: Reference) -> tuple[list[FreeCopy], Kinds]:
    """Copies on a shelf, of the titles that somebody waits for. Queries: 1."""
    titles = {wish.title for wish in wishes}
    editions = [title for title in titles if title > 0]
    records = [-title for title in titles if title < 0]
    rows = (
        Item.objects.filter(
            Q(source_record__manifestation_id__in=editions) | Q(source_record_id__in=records),
            status=ItemStatus.AVAILABLE,
            is_lendable=True,
            current_branch__is_active=True,
        )
        .exclude(owning_agency_id__in=reference.suspended)
        .order_by("pk")
        .values_list(
            "pk",
            "source_record__manifestation_id",
            "source_record_id",
            "current_branch_id",
            "home_branch_id",
            "owning_agency_id",
            "material_type",
        )
    )
    copies, kinds = [], {}
    for pk, edition, record, branch, home, owner, material in rows:
        if branch is not None:
            title = title_of(edition, record)
            copies.append(FreeCopy(item=pk, title=title, branch=branch, owner=owner))
            kinds[pk] = (material, branch == home)
    return copies, kinds


def _may_serve(
    reference: Reference,
    *,
    branches: dict[int, tuple[int, str]],
    categories: dict[int, str],
    kinds: Kinds,
    now: datetime,
) -> Callable[[Wish, FreeCopy], bool]:
    """The owners' rules: lent to such a reader there, and allowed to leave from here (CI-4)."""
    on = local_date(now)
    said: dict[tuple[int, int, str, str], tuple[bool, ReturnPolicy]] = {}

    def ask(owner: int, branch: int, material: str, category: str) -> tuple[bool, ReturnPolicy]:
        key = (owner, branch, material, category)
        if key not in said:
            agency, code = branches[branch]
            place = Place(
                owner=reference.lineages[owner],
                visited=reference.lineages[agency],
                branch=code,
                material=material,
            )
            context = Context(place=place, category=category)
            terms = resolve(rules=reference.rules, context=context, on=on)
            said[key] = (terms.is_lendable, terms.return_policy)
        return said[key]

    def may_serve(wish: Wish, copy: FreeCopy) -> bool:
        material, is_home = kinds[copy.item]
        here, policy = ask(copy.owner, copy.branch, material, "")
        there, _policy = ask(copy.owner, wish.pickup, material, categories[wish.request])
        return here and there and (is_home or policy != ReturnPolicy.HOME)

    return may_serve


def _leg_room() -> dict[tuple[int, int], int]:
    """What the next van on each leg still takes. Queries: 2."""
    waiting = Transit.objects.filter(state=TransitState.PENDING).values_list(
        "origin_id", "destination_id"
    )
    booked = {(o, d): n for o, d, n in waiting.annotate(n=Count("pk"))}
    return {
        (origin, to): crates * COPIES_PER_CRATE - booked.get((origin, to), 0)
        for origin, to, crates in Route.objects.values_list(
            "origin_id", "destination_id", "capacity_crates"
        )
    }


def _owner_room(reference: Reference) -> dict[int, int]:
    """How many more of its copies an owner lets go tonight. Queries: 2."""
    waiting = (
        Transit.objects.filter(
            state=TransitState.PENDING, origin__agency_id=F("item__owning_agency_id")
        )
        .exclude(destination__agency_id=F("item__owning_agency_id"))
        .values_list("item__owning_agency_id")
    )
    gone = dict(waiting.annotate(n=Count("pk")))
    return {
        row.owner: row.outgoing_cap - gone.get(row.owner, 0)
        for row in owner_caps(reference)
        if row.outgoing_cap is not None
    }
