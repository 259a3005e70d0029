"""Narrowing a search: what the address says, what each link would change, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from catalog import vocabulary
from catalog.domain.query import Filters
from catalog.readers import FacetChoice
from library_net.portal.places import City

SHOWN, MOST = 6, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One link of the filter panel; a chosen one takes itself away."""

    name: str
    url: str
    count: int | None = None
    is_chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    name: str
    values: tuple[Value, ...]
    more: tuple[Value, ...] = ()


def filters_from(asked: QueryDict, *, cities: Sequence[City]) -> Filters:
    """The restrictions in the address; values that make no sense are left out."""
    here = frozenset(asked.getlist("branch")) or frozenset(
        place.code
        for city in cities
        if city.code in asked.getlist("city")
        for place in city.branches
    )
    is_available = asked.get("available") == "1"
    return Filters(
        is_available=is_available,
        available_at=here if is_available else frozenset(),
        held_at=frozenset() if is_available else here,
        languages=frozenset(asked.getlist("language")),
        decades=frozenset(int(year) for year in asked.getlist("decade") if _is_year(year)),
        materials=frozenset(asked.getlist("material")),
        classes=frozenset(asked.getlist("class")),
        audiences=frozenset(asked.getlist("audience")),
    )


def panel(
    asked: QueryDict, *, found: Mapping[str, Sequence[FacetChoice]], cities: Sequence[City]
) -> tuple[Facet, ...]:
    """Every facet that has something to choose between."""
    on_shelf = Value(
        name=_("On a shelf now"),
        url=_toggled(asked, "available", "1"),
        is_chosen=asked.get("available") == "1",
    )
    on_shelves = {choice.value: choice.count for choice in found.get("city", ())}
    in_cities = tuple(
        Value(
            name=city.name,
            url=_toggled(asked, "city", city.code, without=("branch",)),
            count=on_shelves.get(city.code) if asked.get("available") == "1" else None,
            is_chosen=city.code in asked.getlist("city"),
        )
        for city in cities
    )
    decades = sorted(found.get("decade", ()), key=lambda choice: choice.value, reverse=True)
    facets = (
        Facet(name=_("Availability"), values=(on_shelf,)),
        Facet(name=_("City"), values=in_cities if len(in_cities) > 1 else ()),
        _facet(asked, "branch", _("On the shelf at"), found.get("available_at", ()), None),
        _facet(asked, "class", _("Subject"), found.get("clc", ()), vocabulary.main_class),
        _facet(asked, "language", _("Language"), found.get("language", ()), vocabulary.language),
        _facet(asked, "decade", _("Published"), decades, vocabulary.decade),
        _facet(asked, "material", _("Material"), found.get("material", ()), vocabulary.material),
        _facet(asked, "audience", _("Readers"), found.get("audience", ()), vocabulary.audience),
    )
    return tuple(facet for facet in facets if facet.values)


def chosen(asked: QueryDict, *, cities: Sequence[City]) -> tuple[Value, ...]:
    """What narrows the search now, each with the address without it."""
    branches = {place.code: place.name for city in cities for place in city.branches}
    names: dict[str, Callable[[str], str]] = {
        "available": lambda _value: _("On a shelf now"),
        "city": {city.code: city.name for city in cities}.__getitem__,
        "branch": branches.__getitem__,
        "class": vocabulary.main_class,
        "language": vocabulary.language,
        "decade": vocabulary.decade,
        "material": vocabulary.material,
        "audience": vocabulary.audience,
    }
    return tuple(
        Value(name=_name(name_of, value), url=_toggled(asked, param, value), is_chosen=True)
        for param, name_of in names.items()
        for value in dict.fromkeys(asked.getlist(param))
    )


def page_url(asked: QueryDict, page: int) -> str:
    changed = asked.copy()
    changed["page"] = str(page)
    return f"?{changed.urlencode()}"


def without_filters(asked: QueryDict) -> str:
    bare = QueryDict(mutable=True)
    bare["q"] = asked.get("q", "")
    return f"?{bare.urlencode()}"


def _facet(
    asked: QueryDict,
    param: str,
    name: str,
    choices: Iterable[FacetChoice],
    name_of: Callable[[str], str] | None,
) -> Facet:
    chosen_now = set(asked.getlist(param))
    values = [
        Value(
            name=name_of(choice.value) if name_of else choice.name or choice.value,
            url=_toggled(asked, param, choice.value),
            count=choice.count,
            is_chosen=choice.value in chosen_now,
        )
        for choice in list(choices)[:MOST]
        if choice.value
    ]
    if len(values) == 1 and not values[0].is_chosen:
        return Facet(name=name, values=())  # nothing to choose between
    return Facet(name=name, values=tuple(values[:SHOWN]), more=tuple(values[SHOWN:]))


def _toggled(asked: QueryDict, param: str, value: str, *, without: Sequence[str] = ()) -> str:
    """The address with this value added or taken away, on its first page."""
    changed = asked.copy()
    values = changed.getlist(param)
    kept = [v for v in values if v != value] if value in values else [*values, value]
    for name in ("page", *without):
        changed.pop(name, None)
    changed.setlist(param, kept)
    return f"?{changed.urlencode()}"


def _name(name_of: Callable[[str], str], value: str) -> str:
    try:
        return name_of(value)
    except KeyError:
        return value


def _is_year(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) == 4
