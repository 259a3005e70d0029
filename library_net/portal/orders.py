"""In which order results stand, and the links that change it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from catalog.readers import Sort

NAMES = {
    Sort.RELEVANCE: _("Best match"),
    Sort.NEWEST: _("Newest"),
    Sort.OLDEST: _("Oldest"),
    Sort.TITLE: _("By title (pinyin)"),
    Sort.CALL_NUMBER: _("By call number"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    name: str
    url: str
    is_chosen: bool


def order_from(asked: QueryDict) -> Sort:
    """The order in the address; best match first where it names none."""
    wanted = asked.get("sort", "")
    return Sort(wanted) if wanted in set(Sort) else Sort.RELEVANCE


def links(asked: QueryDict) -> tuple[Order, ...]:
    """Every order, each with the address of its first page."""
    chosen = order_from(asked)
    return tuple(
        Order(name=str(name), url=_in_order(asked, sort), is_chosen=sort is chosen)
        for sort, name in NAMES.items()
    )


def _in_order(asked: QueryDict, sort: Sort) -> str:
    changed = asked.copy()
    changed.pop("page", None)
    if sort is Sort.RELEVANCE:
        changed.pop("sort", None)
    else:
        changed["sort"] = str(sort)
    return f"?{changed.urlencode()}"
