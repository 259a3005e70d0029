"""CQL becomes our query tree, or a diagnostic; never anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.cql import MAX_DEPTH, CqlError, Diagnostic, SortKey, parse_cql, to_query
from catalog.domain.query import (
    And,
    Everything,
    Field,
    Languages,
    Not,
    Or,
    Phrase,
    Term,
    Works,
    Years,
)


def query(text):
    return to_query(
        parse_cql(text).root,
        find_works=lambda ids: [int(one[1:]) for one in ids if one[1:].isdecimal()],
    )


def title(text, **more):
    return Term(text=text, field=Field.TITLE, **more)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("茶馆", Term(text="茶馆")),
        ('"老舍 茶馆"', And(parts=(Term(text="老舍"), Term(text="茶馆")))),
        ("dc.title = 茶馆", title("茶馆")),
        ("DC.Title=茶馆", title("茶馆")),
        ("title any 茶馆", title("茶馆")),
        ('title any "茶馆 雷雨"', Or(parts=(title("茶馆"), title("雷雨")))),
        ('title all "茶馆 雷雨"', And(parts=(title("茶馆"), title("雷雨")))),
        ('title exact "茶馆 三幕"', Phrase(text="茶馆 三幕", field=Field.TITLE)),
        ('title == "茶馆"', Phrase(text="茶馆", field=Field.TITLE)),
        ("title = progr*", title("progr", is_prefix=True)),
        (r"title = 5\*", title("5*")),
        ("dc.creator = 老舍", Term(text="老舍", field=Field.AUTHOR)),
        ("bath.isbn = 9787533918453", Term(text="9787533918453", field=Field.IDENTIFIER)),
        ("dc.language = CHI", Languages(codes=("chi",))),
        ("dc.date = 2005", Years(first=2005, last=2005)),
        ("dc.date < 2005", Years(last=2004)),
        ("dc.date >= 2005", Years(first=2005)),
        ('dc.date within "1990 1999"', Years(first=1990, last=1999)),
        ("rec.identifier = m12", Works(ids=(12,))),
        ("cql.allRecords = 1", Everything()),
        ("a and b and c", And(parts=(Term(text="a"), Term(text="b"), Term(text="c")))),
        (
            "a and b or c",
            Or(parts=(And(parts=(Term(text="a"), Term(text="b"))), Term(text="c"))),
        ),
        (
            "a and (b or c)",
            And(parts=(Term(text="a"), Or(parts=(Term(text="b"), Term(text="c"))))),
        ),
        ("a NOT b", And(parts=(Term(text="a"), Not(part=Term(text="b"))))),
        ("any", Term(text="any")),
        ("all and exact", And(parts=(Term(text="all"), Term(text="exact")))),
    ],
)
def test_a_query_means_what_cql_says(text, expected):
    assert query(text) == expected


def test_a_long_number_may_be_an_identifier_wherever_it_stands():
    assert Term(text="9787533918453", field=Field.IDENTIFIER) in query("9787533918453").parts


@pytest.mark.parametrize(
    ("text", "diagnostic"),
    [
        ("", Diagnostic.SYNTAX),
        ("(a", Diagnostic.SYNTAX),
        ("a)", Diagnostic.SYNTAX),
        ("a and", Diagnostic.SYNTAX),
        ("and and and and", Diagnostic.SYNTAX),
        ('"open', Diagnostic.SYNTAX),
        ("title =", Diagnostic.SYNTAX),
        ("= a", Diagnostic.SYNTAX),
        ("a b", Diagnostic.SYNTAX),
        ("a sortBy", Diagnostic.SYNTAX),
        ("x" * 2001, Diagnostic.TOO_LONG),
        ("or ".join(["a "] * 70), Diagnostic.TOO_MANY_BOOLEANS),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), Diagnostic.TOO_MANY_BOOLEANS),
        ("foo.title = a", Diagnostic.CONTEXT_SET),
        ('> dc = "info:srw/context-sets/1/dc-v1.1" dc.title = a', Diagnostic.CONTEXT_SET),
        ("dc.coverage = a", Diagnostic.INDEX),
        ("title < a", Diagnostic.RELATION),
        ("title within a", Diagnostic.RELATION),
        ("isbn all 1", Diagnostic.RELATION),
        ("title =/stem a", Diagnostic.RELATION_MODIFIER),
        ('title = ""', Diagnostic.EMPTY_TERM),
        ("title = a*b", Diagnostic.MASKING),
        ("title = a?", Diagnostic.MASKING),
        ("title = *", Diagnostic.MASKING),
        ("title = ^a", Diagnostic.ANCHOR),
        ("date = soon", Diagnostic.TERM_FORMAT),
        ('date = "1990 1991"', Diagnostic.TERM_FORMAT),
        ("a prox b", Diagnostic.PROXIMITY),
        ("a and/rel.combine=sum b", Diagnostic.BOOLEAN_MODIFIER),
        ("a sortBy title/sort.ignoreCase", Diagnostic.SORT),
    ],
)
def test_what_we_do_not_answer_is_refused_by_its_number(text, diagnostic):
    with pytest.raises(CqlError) as refused:
        query(text)

    assert refused.value.diagnostic is diagnostic


def test_sorting_is_read_apart_from_the_query():
    found = parse_cql("茶馆 sortBy dc.date/sort.descending title")

    assert found.sort == (SortKey(index="dc.date", is_descending=True), SortKey(index="title"))


PIECES = ["(", ")", "and", "or", "not", "prox", "sortBy", "=", "==", "<", "within", "any", "/"]
PIECES += ["dc.title", "date", "isbn", '"', "\\", "*", "2005", "茶馆", ">", "rec.id", "m1"]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=30).map(" ".join))
def test_any_text_at_all_is_a_query_or_a_diagnostic(text):
    try:
        query(text)
    except CqlError as refused:
        assert refused.diagnostic in set(Diagnostic)
    except ValueError:
        pytest.fail("only CqlError may leave")
