"""Vectors of domain.md §4 and §7 through the one door to text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.text import (
    edition_number,
    fold,
    han_number,
    pairs,
    person_key,
    person_keys,
    pinyin_forms,
    pinyin_key,
    publisher_key,
    segment,
    split_pinyin,
    title_key,
    volume_in_title,
    volume_number,
)


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("射鵰英雄傳", "射雕英雄传"),
        ("ＳＤＹＸＺ", "sdyxz"),
        ("錢鍾書", "钱钟书"),
        ("鍾書", "钟书"),  # OpenCC alone gives 钱锺书 but 钟书
        ("図書館", "图书馆"),
        ("戶", "户"),
        ("二〇〇五", "二零零五"),
        ("看著", "看着"),
        ("乾隆、餅乾", "干隆 饼干"),
        ("⻄⻔", "西门"),
        ("沈從文", "沈从文"),
        ("Élan · vital", "elan vital"),
        ("shè diāo", "she diao"),
        ("ISBN①", "isbn1"),
        ("O’Reilly", "oreilly"),
    ],
)
def test_two_spellings_of_one_thing_fold_alike(written, same):
    assert fold(written) == fold(same) == fold(fold(written))


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


def test_kana_keep_their_voicing_marks():
    assert fold("ぎんが") != fold("きんか")


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("《射鵰英雄傳》（全四冊）", "射雕英雄传全四册"),
        ("Ｐｙｔｈｏｎ编程：从入门到实践", "python编程从入门到实践"),
        ("史記　卷一", "史记卷一"),
        ("射雕英雄传 [专著]", "射雕英雄传"),
        ("射鵰英雄傳[專著]", "射雕英雄传"),
        ("The education of Little Tree [electronic resource]", "theeducationoflittletree"),
    ],
)
def test_title_key_is_the_bare_title(title, key):
    assert title_key(title) == key


def test_title_key_keeps_apart_what_only_a_sign_keeps_apart():
    assert len({title_key(t) for t in ("C++程序设计", "C#程序设计", "C程序设计")}) == 3


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("[美]佛瑞斯特·卡特著", "佛瑞斯特卡特"),
        ("金庸著", "金庸"),
        ("张三[等]著", "张三"),
        ("张三…[等]著", "张三"),
        ("张三 ... [et al.]", "张三"),
        ("（清）曹雪芹著", "曹雪芹"),
        ("曹雪芹, 高鹗著", "曹雪芹"),
        ("人民文学出版社编辑部编", "人民文学出版社编辑部"),
        ("Jin, Yong, 1924-2018, author.", "jin yong"),
        ("Forrest Carter", "carter forrest"),
        ("王译", "王译"),  # a name, not a role after one character
        ("", ""),
    ],
)
def test_person_key_is_the_bare_name(name, key):
    assert person_key(name) == key


def test_a_name_with_its_original_form_answers_to_both():
    assert set(person_keys("(美)卡特(Carter, Forrest)")) & set(person_keys("Carter, Forrest"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("人民文學出版社", "人民文学出版社有限公司"),
        ("三联书店", "生活·读书·新知三联书店"),
        ("Oxford University Press", "Oxford University Press, Inc."),
    ],
)
def test_two_names_of_one_publisher_have_one_key(one, other):
    assert publisher_key(one) == publisher_key(other) != ""


def test_an_unknown_publisher_has_no_key():
    assert publisher_key("[s.n.]") == publisher_key("[出版者不详]") == ""


@pytest.mark.parametrize(
    ("text", "initials", "full"),
    [
        ("射雕英雄传", "sdyxz", "shediaoyingxiongzhuan"),
        ("射鵰英雄傳", "sdyxz", "shediaoyingxiongzhuan"),
        ("什邡市志", "sfsz", "shifangshizhi"),
        ("什邡市图书馆", "sfstsg", "shenfangshitushuguan"),
        ("曾国藩家书", "zgfjs", "zengguofanjiashu"),
        ("都江堰", "djy", "dujiangyan"),
        ("丹棱", "dl", "danleng"),
        ("丹棱", "dl", "danling"),
        ("重庆", "cq", "chongqing"),
        ("长江", "cj", "changjiang"),
        ("乐至", "lz", "lezhi"),
        ("邛崃", "ql", "qionglai"),
        ("传习录", "cxl", "chuanxilu"),
        ("水浒传", "shz", "shuihuzhuan"),
        ("四库全书总目", "skqszm", "sikuquanshuzongmu"),
        ("银行行长", "yhhz", "yinhanghangzhang"),
        ("还珠格格", "hzgg", "huanzhugege"),
        ("名著", "mz", "mingzhu"),
        ("21世纪ABC：我", "21sjaw", "21shijiabcwo"),
    ],
)
def test_pinyin_has_the_reading_people_type(text, initials, full):
    forms = pinyin_forms(text)
    assert initials in forms.all_initials()
    assert full in forms.fulls()
    assert len(forms.fulls()) <= 8


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("单田芳", "shantianfang"),
        ("查良镛", "zhaliangyong"),
        ("仇英", "qiuying"),
        ("盖叫天", "gejiaotian"),
        ("区成", "oucheng"),
        ("任溶溶", "renrongrong"),
        ("尉迟恭", "yuchigong"),
    ],
)
def test_a_surname_is_read_as_a_surname(name, full):
    assert pinyin_forms(name, is_person=True).full == full


@pytest.mark.parametrize("typed", ["lü shi", "lv shi", "lyushi", "lushi", "Lǚ shì"])
def test_every_way_to_type_u_umlaut_meets(typed):
    assert pinyin_key(typed) == pinyin_key("".join(pinyin_forms("吕氏").syllables))


def test_segments_hold_words_pairs_and_single_characters():
    tokens = segment("射鵰英雄傳 C++")
    assert {"射雕", "英雄", "英雄传", "雕英", "传", "c++"} <= set(tokens)
    assert len(tokens) == len(set(tokens))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("第2卷", "2"),
        ("卷二", "2"),
        ("v.2", "2"),
        ("vol. ii", "2"),
        ("Ⅱ", "2"),
        ("（二）", "2"),
        ("第二册", "2"),
        ("第十二辑", "12"),
        ("廿一", "21"),
        ("上", "1"),
        ("上册", "1"),
        ("下", "下"),
        ("第二卷 下册", "2.下"),
        ("第1-3卷", "1-3"),
        ("Pt. 2, v. 3", "2.3"),
        ("索引", "索引"),
        ("", ""),
    ],
)
def test_a_part_number_has_one_form(text, number):
    assert volume_number(text) == number


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("数学分析 下册", "下"),
        ("数学分析（下）", "下"),
        ("史记（二）", "2"),
        ("资治通鉴·卷十", "10"),
        ("天下", ""),
        ("海上", ""),
        ("第二性", ""),
        ("第二十二条军规", ""),
    ],
)
def test_a_title_names_a_part_only_beyond_doubt(title, number):
    assert volume_in_title(title) == number


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("第二版", 2),
        ("第2版", 2),
        ("2nd ed.", 2),
        ("second edition", 2),
        ("修订第3版", 3),
        ("2005年第2版", 2),
        ("1版2印", 1),
        ("2., überarb. Aufl.", 2),
        ("初版", 1),
        ("修订版", None),
        ("Rev. ed.", None),
        ("2019年版", None),
        ("新1版", None),
        ("第2次印刷", None),
        ("", None),
    ],
)
def test_an_edition_statement_gives_its_number(statement, number):
    assert edition_number(statement) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十", 10),
        ("二十五", 25),
        ("一百零三", 103),
        ("二〇〇五", 2005),
        ("贰", 2),
        ("１２", 12),
        ("水", None),
    ],
)
def test_han_numerals_have_their_value(text, value):
    assert han_number(text) == value


@pytest.mark.parametrize(
    ("typed", "syllables"),
    [
        ("shediao", ("she", "diao")),
        ("she diao", ("she", "diao")),
        ("xian", ("xian",)),
        ("xian", ("xi", "an")),
        ("xi'an", ("xi", "an")),
        ("shedia", ("she", "dia")),
        ("lvshi", ("lu", "shi")),
        ("jin-yong", ("jin", "yong")),
        ("21shiji", ("21", "shi", "ji")),
        ("yinyuezhuomo", ("yin", "yue", "zhuo", "mo")),
        ("lyushi", ("lu", "shi")),
    ],
)
def test_typed_pinyin_is_split_into_syllables(typed, syllables):
    assert syllables in split_pinyin(typed)
    assert split_pinyin(typed, limit=1) == split_pinyin(typed)[:1]  # the best way, and no more


@pytest.mark.parametrize("typed", ["sdyxz", "history", "", "射雕"])
def test_what_is_no_pinyin_has_no_syllables(typed):
    assert split_pinyin(typed) == ()


def test_pairs_follow_each_other_as_in_the_text():
    assert pairs("《射鵰英雄傳》第1卷 C++") == [
        "射雕",
        "雕英",
        "英雄",
        "雄传",
        "第",
        "1",
        "卷",
        "c++",
    ]
