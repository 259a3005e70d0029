"""Every setting a person can set is in the README, and the README names no setting that is gone."""

import re

from tests.house.tree import ROOT, listing, source_files

SETTING = re.compile(r"\bLIBRARY_NET_[A-Z][A-Z_]*[A-Z]\b")


def test_every_setting_is_documented_in_the_readme():
    used = set().union(*(SETTING.findall(text) for _path, text in source_files()))
    documented = set(SETTING.findall((ROOT / "README.md").read_text(encoding="utf-8")))

    assert not used - documented, listing(sorted(used - documented))
    # NAME_FILE is how a secret is read from a file; the code builds that name.
    gone = {name for name in documented - used if name.removesuffix("_FILE") not in used}
    assert not gone, listing(sorted(gone))


def test_settings_are_read_in_one_place_only():
    elsewhere = [
        f"{path}"
        for path, text in source_files()
        if re.search(r"os\.environ|os\.getenv|environ\.Env", text)
        and "LIBRARY_NET_" in text
        and path.as_posix() != "library_net/settings.py"
    ]

    assert not elsewhere, listing(elsewhere)
