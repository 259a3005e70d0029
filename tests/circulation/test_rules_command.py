"""`manage.py rules`: check, explain, and a draft tried on what happened."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from circulation.models import ItemEvent, LedgerEntry, Loan, LoanRule, Operation
from library_net.errors import LibraryError
from tests.circulation.bookkeeping import Desk
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(tmp_path):
    """A rule file; returns its path."""

    def write(*rules, **more):
        path = tmp_path / "draft.json"
        path.write_text(json.dumps({"rules": list(rules), **more}), encoding="utf-8")
        return path

    return write


def happened(desk: Desk) -> dict[str, Loan]:
    """A month at Jinjiang: one loan on time, one renewed, one three days late, three at once."""
    today, loans = timezone.now(), {}
    desk.now = today - timedelta(days=25)
    on_time, late = desk.world.item("按时"), desk.world.item("迟还")
    loans["on_time"] = desk.lend(on_time)
    loans["late"] = desk.lend(late)
    Loan.objects.filter(pk=loans["late"].pk).update(
        checked_out_at=today - timedelta(days=38), due_at=today - timedelta(days=8)
    )
    desk.now = today - timedelta(days=5)
    desk.bring_back(on_time)
    desk.bring_back(late)
    desk.now = today - timedelta(days=4)
    for title in ("一", "二", "三"):
        loans[title] = desk.lend(desk.world.item(title), reader="川")
    return loans


def what_if(path, capsys, *options: str):
    call_command("rules", "whatif", path, "--json", *options)
    return json.loads(capsys.readouterr().out)


def changes(result) -> list[tuple[str, str, int]]:
    return [(c["kind"], c["event"], c["loan_id"]) for c in result["changes"]]


def test_a_shorter_period_moves_due_dates_and_makes_late_what_was_not(world, desk, draft, capsys):
    """RU-4."""
    loans = happened(desk)
    path = draft({"code": "test-network", "loan_days": 10, "max_loans": 5, "fee_per_day": "0.10"})

    result = what_if(path, capsys)

    assert result["events"] == 6  # four loans and two returns; one loan began before the month
    due = [c for c in result["changes"] if c["kind"] == "due_earlier"]
    assert len(due) == 4
    assert due[0]["rule"] == "test-network"
    fees = {
        c["loan_id"]: (c["before"], c["after"]) for c in result["changes"] if "fee" in c["kind"]
    }
    # lent 25 days ago for ten days, back after twenty; lent 38 days ago, back after 33
    assert fees == {
        loans["on_time"].pk: ("0.00", "1.00"),
        loans["late"].pk: ("0.30", "2.30"),
    }
    assert (result["fees_before"], result["fees_after"]) == ("0.30", "3.30")


def test_a_lower_limit_would_have_refused_and_a_higher_one_would_not(world, desk, draft, capsys):
    """RU-4."""
    loans = happened(desk)

    stricter = what_if(
        draft({"code": "test-network", "loan_days": 30, "max_loans": 2, "fee_per_day": "0.10"}),
        capsys,
    )
    LoanRule.objects.filter(code="test-network").update(max_loans=2)
    LoanRule.objects.get(code="test-network").save()
    looser = what_if(
        draft({"code": "test-network", "loan_days": 30, "max_loans": 3, "fee_per_day": "0.10"}),
        capsys,
    )

    assert changes(stricter) == [("newly_refused", "checkout", loans["三"].pk)]
    assert stricter["changes"][0]["after"] == "too_many_loans"
    assert changes(looser) == [("no_longer_refused", "checkout", loans["三"].pk)]


def test_a_renewal_is_tried_again_too(world, desk, draft, capsys):
    """RU-4."""
    from circulation.actions.renew import renew

    desk.now = timezone.now() - timedelta(days=9)
    loan = desk.lend(world.item())
    renew(intent=desk.intent(), loan_id=loan.pk, now=desk.now + timedelta(days=1))

    result = what_if(
        draft(
            {
                "code": "test-network",
                "loan_days": 30,
                "max_loans": 5,
                "max_renewals": 0,
                "fee_per_day": "0.10",
            }
        ),
        capsys,
    )

    assert changes(result) == [("newly_refused", "renewal", loan.pk)]


def test_refusals_of_the_past_that_a_higher_limit_would_lift_are_counted(
    world, desk, draft, capsys
):
    """RU-4: who asked for what is not kept, so it is the most that can vanish."""
    LoanRule.objects.filter(code="test-network").update(max_loans=1)
    LoanRule.objects.get(code="test-network").save()
    desk.now = timezone.now() - timedelta(days=2)
    desk.lend(world.item("一"))
    for title in ("二", "三"):
        with pytest.raises(LibraryError, match="too_many_loans"):
            desk.lend(world.item(title))
    raised = {"code": "test-network", "loan_days": 30, "max_loans": 2}

    result = what_if(draft(raised), capsys)
    same = what_if(draft({**raised, "max_loans": 1}), capsys)

    assert result["refusals_that_may_vanish"] == [
        {"code": "too_many_loans", "rule": "test-network", "count": 2}
    ]
    assert same["refusals_that_may_vanish"] == []


def test_a_trial_writes_nothing(world, desk, draft, capsys):
    """RU-4."""
    happened(desk)
    tables = (LoanRule, Loan, LedgerEntry, ItemEvent, Operation)
    before = [list(table.objects.order_by("pk").values()) for table in tables]

    what_if(
        draft(
            {"code": "new", "loan_days": 3},
            categories=[{"code": "guest", "name_zh": "访客"}],
        ),
        capsys,
    )

    assert [list(table.objects.order_by("pk").values()) for table in tables] == before


def test_the_same_rules_change_nothing_and_the_words_say_so(world, desk, draft, capsys):
    """RU-4."""
    happened(desk)
    call_command("rules", "whatif", draft(), "--language", "zh-hans")

    printed = capsys.readouterr().out
    assert "6" in printed.splitlines()[0]
    assert "¥0.30 → ¥0.30" in printed


def test_a_sound_network_passes_the_check(world, capsys):
    """RU-1, RU-2, RU-3."""
    world.item()

    call_command("rules", "check")

    assert "0 findings" in capsys.readouterr().out


def test_the_check_names_the_rows_and_the_next_step_and_fails(world, capsys):
    """RU-2."""
    world.item()
    LoanRule.objects.create(code="second", loan_days=31)

    with pytest.raises(CommandError, match="errors") as failure:
        call_command("rules", "check")

    assert failure.value.returncode == 2
    printed = capsys.readouterr().out
    assert "second and test-network" in printed
    assert "Correct one, or end it" in printed


def test_the_check_as_json_and_in_chinese(world, capsys):
    """RU-1."""
    world.item()
    LoanRule.objects.update(max_loans=None)

    with pytest.raises(CommandError):
        call_command("rules", "check", "--json", "--language", "zh-hans")

    (finding, *_) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["kind"], finding["parameter"], finding["owner"]) == ("gap", "max_loans", "JJ")
    assert "锦江区图书馆" in finding["text"]


def test_a_draft_is_checked_before_it_is_loaded(world, draft):
    """RU-2."""
    world.item()
    path = draft({"code": "second", "loan_days": 31})

    with pytest.raises(CommandError, match="errors"):
        call_command("rules", "check", path)

    assert not LoanRule.objects.filter(code="second").exists()


def test_the_sample_rules_of_chengdu_are_sound():
    """RU-1, RU-2, RU-3."""
    world = World()
    for code in ("CN-510100-1-CDL", "CN-510000-1-SCL", "CN-500000-1-CQL", "CN-512000-1-ZYL"):
        world.agency(code, code, kind="city")
    world.branch("CN-510100-1-CDL", "CN-510100-1-CDL", "成都图书馆")
    call_command("load_rules")
    for code in world.agencies:
        for material in ("book", "serial", "video"):
            world.item(owner=code, at=f"{code}-MAIN", material_type=material)

    call_command("rules", "check")  # warnings for materials nobody has here are no errors


def test_one_case_is_explained_with_its_rules(world, capsys):
    LoanRule.objects.create(code="jj", owner=world.agencies["CD"], loan_days=40)

    call_command("rules", "explain", "--owner", "JJ", "--branch", "ZY-MAIN")

    lines = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert lines["loan_days"] == ["40", "jj"]
    assert lines["fee_per_day"] == ["0.10", "test-network"]


@pytest.mark.parametrize("text", ["{", '{"rulez": []}', '{"rules": [{"code": "a", "loan": 1}]}'])
def test_a_bad_draft_is_refused_with_its_fault(world, tmp_path, text):
    path = tmp_path / "draft.json"
    path.write_text(text)

    with pytest.raises(CommandError, match=r"draft.json|Rule a"):
        call_command("rules", "whatif", path)


def test_a_bad_tariff_in_a_file_is_named_with_its_place(world, draft):
    tariff = {"factors": [{"times": "2"}, {"times": "many"}]}

    with pytest.raises(CommandError, match=r"compensation.factors\[1\].times"):
        call_command("load_rules", draft({"code": "a", "compensation": tariff}))

    assert not LoanRule.objects.filter(code="a").exists()
