"""Lists of titles in the order a Chinese reader looks them up."""

import random

from catalog.domain.title_order import title_order

LIST = """《阿Q正传》, C++程序设计, The education of Little Tree, 射雕英雄传, 射雕英雄传 第二卷,
射雕英雄传 第十卷, 射雕英雄传 第11卷, 神雕侠侣, 诗歌, 诗经, 十万个为什么, 什邡市志, 史记, 市场,
长江, 重庆, 重修, 中国 9, 中国 10"""


def test_a_shuffled_list_comes_back_in_order():
    titles = [title.strip() for title in LIST.split(",")]
    in_order = sorted(random.Random(3).sample(titles, len(titles)), key=title_order)
    expected = [
        "《阿Q正传》", "C++程序设计", "长江", "重庆", "重修", "The education of Little Tree",
        "射雕英雄传", "射雕英雄传 第二卷", "射雕英雄传 第十卷", "射雕英雄传 第11卷", "神雕侠侣",
        "诗歌", "诗经", "什邡市志", "十万个为什么", "史记", "市场", "中国 9", "中国 10",
    ]  # fmt: skip
    assert in_order == expected


def test_both_scripts_and_an_article_do_not_move_a_title():
    assert title_order("射鵰英雄傳") == title_order("射雕英雄传")
    assert title_order("The Tale of Genji") == title_order("Tale of Genji")
    assert title_order("The") == "the"
