"""Which editions are of one work, by what the records say themselves (MA-12, MA-18 to MA-21)."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.matching import Verdict
from catalog.domain.records import (
    BibRecord,
    Contributor,
    MarcFormat,
    Material,
    Series,
    Title,
    TitleKind,
)
from catalog.domain.works import (
    Unit,
    compare_works,
    group_works,
    keys_of_work,
    work_facts,
    work_key,
    work_ties,
)
from tests.catalog.domain.books import book


def translation(title, author, *, name="", note="", original="", ids=(), more=(), **fields):
    """A book by a foreign author: ``name`` in letters, ``original`` the title it had."""
    titles = [Title(text=title)]
    titles += [Title(text=text, kind=TitleKind.ORIGINAL) for text in [original] if original]
    if subtitle := fields.pop("subtitle", ""):
        titles.append(Title(text=subtitle, kind=TitleKind.OTHER))
    role = fields.pop("role", "aut")
    first = Contributor(name=author, role=role, original=name, note=note, ids=tuple(ids))
    return BibRecord(
        format=MarcFormat.CNMARC, titles=tuple(titles), contributors=(first, *more), **fields
    )


def is_one_work(*records):
    """Whether all meet in one work, whatever order they come in."""
    found = {len(works(order)) == 1 for order in permutations(records)}
    assert len(found) == 1, "the order decided"
    return found.pop()


def works(records, decided=None):
    units = [Unit(facts=work_facts(record)) for record in records]
    groups = group_works(units, decided=decided or {})
    return [found for group in groups if (found := [one for one in group if one in units])]


def test_title_and_first_author_make_a_work():
    """MA-12."""
    assert is_one_work(book("活着", "余华", year=1993), book("活着", "余华", year=2012))
    assert not is_one_work(book("活着", "余华"), book("活着", "于华"))
    assert work_key(book("年鉴", publisher="甲")) != work_key(book("年鉴", publisher="乙"))


# --- an author transliterated otherwise (MA-18) --------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("司汤达", {"name": "Stendhal"}), ("斯丹达尔", {"name": "Stendhal"})),
        (("司汤达", {"note": "法 1783-1842"}), ("斯当达", {"note": "法国, 1783-1842"})),
        (
            ("司汤达", {"note": "1783-1842", "original_languages": ("fre",)}),
            ("斯丹达尔", {"name": "Stendhal, 1783-1842"}),
        ),
        (
            ("司汤达", {"original": "Le rouge et le noir"}),
            ("斯当达", {"original": "Rouge et le noir"}),
        ),
        (
            ("菲茨杰拉德", {"name": "Fitzgerald, F. Scott"}),
            ("费兹杰罗", {"name": "Fitzgerald, Francis Scott"}),
        ),
        (
            ("陀思妥耶夫斯基", {"name": "Dostoevskiĭ, F. M."}),
            ("杜思退益夫斯基", {"name": "Dostoyevsky, Fyodor"}),
        ),
        (("马克·吐温", {"ids": ["viaf:50566653"]}), ("克莱门斯", {"ids": ["viaf:50566653"]})),
    ],
    ids=["name", "dates and nation", "dates", "original title", "initials", "spelling", "id"],
)
def test_one_author_put_into_han_in_two_ways_is_one_work(one, other):
    """MA-18."""
    left, right = (translation("红与黑", author, **said) for author, said in (one, other))
    assert work_key(left) != work_key(right)
    assert is_one_work(left, right)
    assert set(work_ties(left)) & set(work_ties(right))


def test_who_says_nothing_more_goes_with_the_equal_name():
    """MA-18: the plain record shares title and name with one that proves who it is."""
    plain = book("红与黑", "斯丹达尔")
    proven = [translation("红与黑", name, name="Stendhal") for name in ("司汤达", "斯丹达尔")]
    assert is_one_work(plain, *proven)
    assert not is_one_work(plain, proven[0])
    assert work_ties(plain) == ()


def test_a_heading_in_letters_meets_the_name_in_han():
    """MA-18: MARC 21 enters Stendhal where CNMARC enters 司汤达."""
    heading = translation("红与黑", "Stendhal", original="Rouge et le noir", note="1783-1842")
    named = translation("红与黑", "司汤达", name="Stendhal", note="法 1783-1842")
    assert not is_one_work(heading, translation("红与黑", "司汤达", name="Smith, Adam"))
    assert is_one_work(heading, named, translation("红与黑", "斯丹达尔", note="法 1783-1842"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (  # a textbook has the title of its subject
            ("萨缪尔森", {"name": "Samuelson, Paul", "original": "Economics"}),
            ("斯蒂格利茨", {"name": "Stiglitz, Joseph", "original": "Economics"}),
        ),
        (("萨缪尔森", {"original": "Economics"}), ("贝格", {"original": "Economics"})),
        (("史密斯", {"name": "Smith"}), ("布朗", {"name": "Brown"})),
        (("史密斯", {"name": "Smith, John"}), ("施密特", {"name": "Smith, Adam"})),
        (("史密斯", {"name": "Smith, John"}), ("施密斯", {"name": "Smith, James"})),
        (("史密斯", {"note": "美 1950-"}), ("施密斯", {"note": "美 1950-"})),
        (("鲁迅", {"note": "1881-1936"}), ("茅盾", {"note": "1881-1936"})),
        (("李白", {"note": "清 1764-1849"}), ("张三", {"note": "清 1764-1849"})),
    ],
    ids=["names", "titles", "surnames", "given names", "one initial", "living", "home", "dynasty"],
)
def test_one_title_by_two_authors_stays_two_works(one, other):
    """MA-18: what is not said by the records is not guessed."""
    left, right = (translation("经济学", author, **said) for author, said in (one, other))
    assert not is_one_work(left, right)


# --- equal names of two people (MA-20) -----------------------------------------------------------


def test_equal_surnames_with_other_given_names_are_two_works():
    """MA-20: only the surname stands in the heading."""
    adam = translation("经济学", "史密斯", name="Smith, Adam")
    john = translation("经济学", "史密斯", name="Smith, John")
    assert work_key(adam) == work_key(john)
    assert not is_one_work(adam, john)
    assert is_one_work(adam, translation("经济学", "史密斯", name="Smith, A."))
    assert is_one_work(adam, book("经济学", "史密斯"))
    plain = book("经济学", "史密斯")
    assert {len(works(order)) for order in permutations([adam, john, plain])} == {2}


def test_people_born_years_apart_are_two():
    """MA-20."""
    left = translation("经济学", "史密斯", name="Smith", note="美 1901-1980")
    right = translation("经济学", "史密斯", name="Smith", note="美 1955-")
    assert not is_one_work(left, right)


def test_two_spellings_of_a_given_name_do_not_part_a_work():
    """MA-20: Leo and Lev Tolstoy are one; only other initials tell two persons."""
    left = translation("战争与和平", "托尔斯泰", name="Tolstoy, Leo")
    right = translation("战争与和平", "托尔斯泰", name="Tolstoi, Lev")
    assert is_one_work(left, right)


# --- another title (MA-19) -----------------------------------------------------------------------

PETER = {"name": "Barrie, J. M.", "original": "Peter Pan", "languages": ("chi",)}


def test_two_translated_titles_of_one_original_are_one_work():
    """MA-19."""
    left = translation("彼得·潘", "巴里", **PETER)
    right = translation("小飞侠", "贝瑞", name="Barrie, James Matthew", original="Peter Pan")
    assert is_one_work(left, right)
    assert set(work_ties(left)) & set(work_ties(right))


@pytest.mark.parametrize(
    "other",
    [
        translation("小飞侠", "贝瑞", name="Berry, Tom", original="Peter Pan"),
        translation("小飞侠", "贝瑞", name="Barrie, J. M."),
        translation("小飞侠", "贝瑞", original="Peter Pan"),
        translation("小飞侠", "贝瑞", name="Barrie, J. M.", original="Peter and Wendy"),
        translation("小飞侠", "贝瑞", **PETER, volume="第1卷"),
        translation("巴里作品集", "贝瑞", **PETER),
        translation("《彼得·潘》导读", "贝瑞", **PETER),
        translation("小飞侠", "贝瑞", **PETER, subtitle="漫画版"),
        translation("小飞侠", "贝瑞", **PETER, subtitle="缩写本"),
        translation("小飞侠", "贝瑞", **PETER, more=[Contributor(name="张三", role="adp")]),
        translation("小飞侠", "张三", **PETER, role="adp"),
        translation("小飞侠", "贝瑞", **PETER, material=Material.SERIAL),
        translation("Peter Pan", "Barrie, J. M.", **(PETER | {"languages": ("ger",)})),
    ],
    ids=["other author", "no original", "no name", "other original", "a volume", "collected",
         "study guide", "comic", "abridged", "adapted", "by an adapter", "serial",
         "another language"],
)  # fmt: skip
def test_another_title_needs_original_and_author_of_one_whole_book(other):
    """MA-19: volumes, collections, companions and books made of it stay apart."""
    assert not is_one_work(translation("彼得·潘", "巴里", **PETER), other)


def test_an_adaptation_by_somebody_else_stays_apart_under_the_same_title():
    """MA-18: 张三 made a comic of it."""
    novel = translation("红与黑", "司汤达", name="Stendhal", original="Le rouge et le noir")
    comic = translation(
        "红与黑", "斯当达", name="Stendhal", original="Le rouge et le noir", subtitle="漫画版"
    )
    adapted = translation("红与黑", "张三", role="adp", original="Le rouge et le noir")
    assert not is_one_work(novel, comic)
    assert not is_one_work(novel, adapted)


def test_an_illustrated_or_bilingual_edition_is_no_other_work():
    """MA-18."""
    left = translation("红与黑", "司汤达", name="Stendhal", subtitle="插图本")
    assert is_one_work(left, translation("红与黑", "斯当达", name="Stendhal", subtitle="法汉对照"))


# --- librarians (MA-21) --------------------------------------------------------------------------


def test_what_librarians_say_holds_against_all_evidence():
    """MA-21."""
    left, right = (
        Unit(facts=work_facts(translation("红与黑", name, name="Stendhal")), decided=((name, "x"),))
        for name in ("司汤达", "斯丹达尔")
    )
    pair = frozenset((left, right))
    assert len(group_works([left, right], decided={pair: False})) == 2
    far = Unit(facts=work_facts(book("活着", "余华")), decided=(("JJ", "y"),))
    assert len(group_works([left, far], decided={frozenset((left, far)): True})) == 1


@given(st.permutations(range(6)), st.data())
def test_the_order_of_editions_does_not_change_the_works(order, data):
    """MA-18 to MA-21: and every work has a key of its own."""
    names = st.sampled_from(["", "Smith", "Smith, Adam", "Smith, John", "Stendhal"])
    edition = st.builds(
        translation,
        st.sampled_from(["经济学", "经济学原理"]),
        st.sampled_from(["史密斯", "施密斯", "司汤达"]),
        name=names,
        note=st.sampled_from(["", "美 1901-1980", "法 1783-1842", "美 1955-"]),
        original=st.sampled_from(["", "Economics", "Red"]),
    )
    units = [
        Unit(facts=work_facts(data.draw(edition)), decided=data.draw(st.sampled_from(
            [(), (("JJ", str(number)),)])))
        for number in range(6)
    ]  # fmt: skip
    decided = {
        frozenset((units[0], units[1])): data.draw(st.booleans()),
        frozenset((units[2], units[3])): data.draw(st.booleans()),
    }
    decided = {pair: word for pair, word in decided.items() if len(pair) == 2}
    found = group_works(units, decided=decided)
    assert group_works([units[index] for index in order], decided=decided) == found
    keys = [key for work in found for key in keys_of_work(work)]
    assert len(keys) == len(set(keys))


@given(st.data())
def test_comparing_works_is_symmetric(data):
    names = st.sampled_from(["", "Smith", "Smith, Adam", "Fitzgerald, F. S.", "Scott, F."])
    edition = st.builds(
        translation,
        st.sampled_from(["经济学", "红与黑"]),
        st.sampled_from(["史密斯", "司汤达", "斯丹达尔", "Smith"]),
        name=names,
        note=st.sampled_from(["", "美 1901-1980", "法 1783-1842"]),
        original=st.sampled_from(["", "Economics", "Works"]),
    )
    left, right = work_facts(data.draw(edition)), work_facts(data.draw(edition))
    assert compare_works(left, right) == compare_works(right, left)
    assert compare_works(left, left)[0] is Verdict.SAME


def test_most_records_have_nothing_to_look_others_up_by():
    """A new file of a public library costs no more than before."""
    plain = [
        book("活着", "余华", year=2012),
        book("Ordinary book", "Writer, A.", series=(Series(title="S"),)),
        translation("诗集", "李白", note="唐 701-762"),
        BibRecord(format=MarcFormat.MARC21),
    ]
    assert [work_ties(record) for record in plain] == [()] * 4
