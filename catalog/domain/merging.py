"""One union record from the members' records of a manifestation, and where each field came from.

Rules ME-1 to ME-9 of catalog/RULES.md. The order in which records are given plays no part, and
merging what is already merged changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from catalog.domain.records import (
    BibRecord,
    Contributor,
    Identifier,
    Material,
    Title,
    TitleKind,
)
from catalog.domain.text import (
    fold,
    has_han,
    person_key,
    pinyin_forms,
    pinyin_key,
    publisher_key,
    simplify,
    title_key,
    volume_number,
)

SINGLE = "*"
"""Provenance of a record with one source: every field is from there."""

Provenance = dict[str, int]


@dataclass(frozen=True, slots=True)
class _Ranked:
    source_id: int
    record: BibRecord


def merge(records: Sequence[tuple[int, BibRecord]]) -> tuple[BibRecord, Provenance]:
    """The union record and ``{field: source id}`` of every field that says something.

    Records are (source id, record), at least one.
    Raises ValueError when there is none.
    """
    if not records:
        raise ValueError("nothing to merge")
    if len(records) == 1:
        return records[0][1], {SINGLE: records[0][0]}
    ranked = sorted((_Ranked(pk, record) for pk, record in records), key=_rank)
    best = ranked[0]
    fields: dict[str, Any] = {}
    origin: Provenance = {}
    for choose in _CHOOSERS:
        chosen = choose(ranked)
        fields |= chosen.fields
        stated = [name for name, value in chosen.fields.items() if value]
        origin |= dict.fromkeys(stated, chosen.source_id)
    return replace(best.record, **fields), origin


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    fields: dict[str, Any]
    source_id: int


def _rank(one: _Ranked) -> tuple[Any, ...]:
    """Rule ME-1: Han before romanised, then the fuller record, then the record's own text."""
    record = one.record
    return (not has_han(record.title), -_fullness(record), _text_of(record), one.source_id)


def _fullness(record: BibRecord) -> int:
    """How much a record says; lists count for a few entries only."""
    several = (record.titles, record.contributors, record.subjects, record.classes, record.notes)
    single = (
        record.responsibility,
        record.edition,
        record.place,
        record.publisher,
        record.year,
        record.extent,
        record.pages,
        record.summary,
        record.languages,
        record.series,
    )
    return sum(2 for value in single if value) + sum(min(len(values), 4) for values in several)


def _text_of(record: BibRecord) -> tuple[str, ...]:
    """A total order over records that depends on what they say alone."""
    return (record.title, record.control_agency, record.control_number, repr(record))


def _majority(
    ranked: Sequence[_Ranked],
    *,
    value: Callable[[BibRecord], Any],
    key: Callable[[BibRecord], Hashable],
) -> _Ranked:
    """Rule ME-2: what most records say; of equals, what the best ranked says."""
    stated = [one for one in ranked if value(one.record)]
    if not stated:
        return ranked[0]
    votes = Counter(key(one.record) for one in stated)
    most = max(votes.values())
    return next(one for one in stated if votes[key(one.record)] == most)


def _group(
    names: Sequence[str],
    *,
    value: Callable[[BibRecord], Any],
    key: Callable[[BibRecord], Hashable],
) -> Callable[[Sequence[_Ranked]], _Chosen]:
    """Fields that only make sense together are taken together from one record (ME-3)."""

    def choose(ranked: Sequence[_Ranked]) -> _Chosen:
        winner = _majority(ranked, value=value, key=key)
        return _Chosen(
            fields={name: getattr(winner.record, name) for name in names},
            source_id=winner.source_id,
        )

    return choose


def _titles(ranked: Sequence[_Ranked]) -> _Chosen:
    """Rule ME-4: the title most records give, Han first; every other form is kept once."""
    with_han = [one for one in ranked if has_han(one.record.title)] or list(ranked)
    winner = _majority(with_han, value=lambda r: r.title, key=lambda r: title_key(r.title))
    main = replace(_main_of(winner.record), pinyin=_sound_of(winner.record.title, ranked))
    kept = {title_key(main.text): main}
    if subtitle := _subtitle_for(title_key(main.text), winner, ranked):
        kept[title_key(subtitle.text)] = subtitle
    romanised = pinyin_key(main.pinyin)
    for one in ranked:
        for title in one.record.titles:
            key = title_key(title.text)
            is_sound = bool(romanised) and pinyin_key(title.text) == romanised
            if key and key not in kept and title.kind is not TitleKind.OTHER and not is_sound:
                is_main = title.kind is TitleKind.MAIN
                kept[key] = replace(title, kind=TitleKind.VARIANT) if is_main else title
    titles = tuple(kept.values()) if main.text else ()
    return _Chosen(fields={"titles": titles}, source_id=winner.source_id)


def _main_of(record: BibRecord) -> Title:
    found = next((t for t in record.titles if t.kind is TitleKind.MAIN), None)
    return found or replace(next(iter(record.titles), Title(text="")), kind=TitleKind.MAIN)


def _subtitle_for(key: str, winner: _Ranked, ranked: Sequence[_Ranked]) -> Title | None:
    """The winner's own subtitle, else that of the best record with an equal title."""
    for one in (winner, *ranked):
        if title_key(one.record.title) == key:
            for title in one.record.titles:
                if title.kind is TitleKind.OTHER and title_key(title.text) not in ("", key):
                    return title
    return None


def _sound_of(text: str, ranked: Sequence[_Ranked]) -> str:
    """Rule ME-5: the pinyin a cataloguer wrote is never lost, whichever record it was in.

    A record in Latin letters only gives its title as the pinyin, if it sounds like this one.
    """
    key = title_key(text)
    for one in ranked:
        for title in one.record.titles:
            if title.pinyin and title_key(title.text) == key:
                return title.pinyin
    if has_han(text):
        readings = {pinyin_key(full) for full in pinyin_forms(text).fulls()}
        for one in ranked:
            if not has_han(one.record.title) and pinyin_key(one.record.title) in readings:
                return one.record.title
    return ""


def _contributors(ranked: Sequence[_Ranked]) -> _Chosen:
    """Rule ME-6: the longest list in the script of the best record, its gaps filled from others."""
    is_han = any(has_han(c.name) for one in ranked for c in one.record.contributors)
    lists = [
        one for one in ranked if not is_han or any(has_han(c.name) for c in one.record.contributors)
    ]
    most = max(len(one.record.contributors) for one in lists)
    winner = next(one for one in lists if len(one.record.contributors) == most)
    known: dict[str, list[Contributor]] = {}
    for one in ranked:
        for person in one.record.contributors:
            known.setdefault(person_key(person.name), []).append(person)
    filled = tuple(
        replace(
            person,
            pinyin=_first(person.pinyin, (c.pinyin for c in known[person_key(person.name)])),
            original=_first(person.original, (c.original for c in known[person_key(person.name)])),
            note=_first(person.note, (c.note for c in known[person_key(person.name)])),
            ids=tuple(dict.fromkeys(i for c in known[person_key(person.name)] for i in c.ids)),
        )
        for person in winner.record.contributors
    )
    return _Chosen(fields={"contributors": filled}, source_id=winner.source_id)


def _first(own: str, others: Iterable[str]) -> str:
    return own or next((text for text in others if text), "")


def _union(name: str, *, key: Callable[[Any], Hashable]) -> Callable[[Sequence[_Ranked]], _Chosen]:
    """Rule ME-7: lists are joined, each value once, in the order of the ranked records."""

    def choose(ranked: Sequence[_Ranked]) -> _Chosen:
        kept: dict[Hashable, Any] = {}
        first = 0
        for one in ranked:
            for value in getattr(one.record, name):
                kept.setdefault(key(value), value)
                first = first or one.source_id
        return _Chosen(fields={name: tuple(kept.values())}, source_id=first or ranked[0].source_id)

    return choose


def _identifiers(ranked: Sequence[_Ranked]) -> _Chosen:
    """Rule ME-7 for identifiers: a valid one outlives its invalid double, a qualifier is kept."""
    kept: dict[tuple[str, str], Identifier] = {}
    for one in ranked:
        for found in one.record.identifiers:
            have = kept.get((found.kind, found.value))
            is_better = have is not None and found.is_valid and not have.is_valid
            if have is None or is_better:
                kept[found.kind, found.value] = found
            elif not have.qualifier and found.qualifier:
                kept[found.kind, found.value] = replace(have, qualifier=found.qualifier)
    valid_first = sorted(kept.values(), key=lambda found: not found.is_valid)
    return _Chosen(fields={"identifiers": tuple(valid_first)}, source_id=ranked[0].source_id)


def _summary(ranked: Sequence[_Ranked]) -> _Chosen:
    """Rule ME-8: the longest summary."""
    winner = max(reversed(ranked), key=lambda one: len(one.record.summary))
    return _Chosen(fields={"summary": winner.record.summary}, source_id=winner.source_id)


def _folded(text: str) -> str:
    return fold(text) or text


_CHOOSERS: tuple[Callable[[Sequence[_Ranked]], _Chosen], ...] = (
    _titles,
    _contributors,
    _identifiers,
    _summary,
    _group(
        ("volume", "part_name"),
        value=lambda r: r.volume or r.part_name,
        key=lambda r: (volume_number(r.volume), title_key(r.part_name)),
    ),
    _group(
        ("responsibility",),
        value=lambda r: r.responsibility,
        key=lambda r: title_key(r.responsibility),
    ),
    _group(
        ("edition", "edition_number"),
        value=lambda r: r.edition_number or r.edition,
        key=lambda r: r.edition_number or fold(r.edition),
    ),
    _group(
        ("place", "publisher"),
        value=lambda r: r.publisher,
        key=lambda r: publisher_key(r.publisher),
    ),
    _group(("year",), value=lambda r: r.year, key=lambda r: r.year),
    _group(
        ("extent", "pages", "volumes"),
        value=lambda r: r.pages or r.volumes or r.extent,
        key=lambda r: (r.pages, r.volumes),
    ),
    _group(("country",), value=lambda r: r.country, key=lambda r: r.country),
    _group(("audience",), value=lambda r: r.audience, key=lambda r: r.audience),
    _group(
        ("material",), value=lambda r: r.material is not Material.OTHER, key=lambda r: r.material
    ),
    _group(("prices",), value=lambda r: r.prices, key=lambda r: r.prices),
    _union("languages", key=lambda code: code),
    _union("original_languages", key=lambda code: code),
    _union("subjects", key=simplify),
    _union("classes", key=lambda c: (c.scheme, c.value)),
    _union("series", key=lambda s: (title_key(s.title), volume_number(s.volume))),
    _union("notes", key=_folded),
    _union("urls", key=lambda url: url),
    _union("flags", key=lambda flag: flag),
)
