"""Neutral records in one line each, for tests of matching and merging."""

from catalog.domain.records import (
    BibRecord,
    Contributor,
    Identifier,
    IdentifierKind,
    MarcFormat,
    Material,
    Title,
    TitleKind,
)


def book(
    title="",
    author="",
    *,
    subtitle="",
    pinyin="",
    parallel="",
    isbn=(),
    author_pinyin="",
    material=Material.BOOK,
    **fields,
):
    """A record as a crosswalk would give it; ``isbn`` is one ISBN-13 or several."""
    titles = [Title(text=title, pinyin=pinyin)] if title else []
    if subtitle:
        titles.append(Title(text=subtitle, kind=TitleKind.OTHER))
    if parallel:
        titles.append(Title(text=parallel, kind=TitleKind.PARALLEL))
    people = [Contributor(name=author, pinyin=author_pinyin)] if author else []
    values = [isbn] if isinstance(isbn, str) else isbn
    numbers = [
        Identifier(kind=IdentifierKind.ISBN, value=v)
        if isinstance(v, str)
        else Identifier(kind=IdentifierKind.ISBN, value=v[0], qualifier=v[1])
        for v in values
    ]
    numbers.extend(
        Identifier(kind=IdentifierKind(kind), value=fields.pop(kind))
        for kind in ("ubsn", "lccn", "oclc", "issn")
        if kind in fields
    )
    return BibRecord(
        format=fields.pop("format", MarcFormat.CNMARC),
        titles=tuple(titles),
        contributors=tuple(people),
        identifiers=tuple(numbers),
        material=material,
        **fields,
    )
