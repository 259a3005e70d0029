"""The demo from an empty folder to a running site; a second start finds what is done."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from library_net.demo.cast import Cast, cast_of, logins
from library_net.demo.history import write_history
from library_net.demo.sources import source_of
from library_net.demo.stage import Stage
from library_net.demo.steps import accounts, ground, lend, money, readers, rebalance, records, sync
from library_net.demo.steps.story import Story
from library_net.demo.world import DEMO_PASSWORD, SEED, World

GROUND, STAFF, RECORDS, HISTORY, LIVE = "ground", "staff", "records", "history", "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was asked for on the command line."""

    marc_folder: Path | None = None
    members: Sequence[str] = ()
    is_loopback: bool = True


@dataclass(slots=True, kw_only=True)
class Run:
    """One start of the demo."""

    stage: Stage
    world: World
    plan: Plan
    passwords: dict[str, str] = field(default_factory=dict)
    cast: Cast = field(init=False)

    def prepare(self) -> None:
        """Tables, network, rules, keys, log-ins: all that must be there before the site starts."""
        ground.migrate()
        if not self.world.is_done(GROUND):
            ground.lay_ground(self.stage, self.world, members=self.plan.members)
            self.world.mark_done(GROUND)
        self.cast = cast_of(self.world, self.plan.members)
        self.passwords = _passwords(self.world, self.cast, is_loopback=self.plan.is_loopback)
        if not self.world.is_done(STAFF):
            ground.make_staff(self.world, passwords=self.passwords)
            self.world.mark_done(STAFF)

    def play(self, *, url: str) -> bool:
        """Everything that happens through the doors; False when it had all been done before."""
        if self.world.is_done(LIVE):
            return False
        story = Story(url=url, world=self.world, cast=self.cast)
        source = source_of(self.world, self.cast, self.plan.marc_folder, self.plan.members)
        if not self.world.is_done(RECORDS):
            records.send_catalogues(self.stage, story, source)
            self.world.mark_done(RECORDS)
        if not self.world.is_done(HISTORY):
            self._live_half_a_year()
            self.world.mark_done(HISTORY)
        self.world.state["story_began"] = True
        self.world.save()
        sync.sync_this_week(self.stage, story, source)
        is_sample = not source.is_folder
        lend.lend_and_return(self.stage, story, is_sample=is_sample)
        rebalance.rebalance(
            self.stage, story, password=self.passwords["network"], is_sample=is_sample
        )
        accounts.settle(self.stage, story, passwords=self.passwords)
        self._keep_summary()
        if self.stage.all_held:
            self.world.mark_done(LIVE)
        return True

    def look_again(self) -> None:
        """A later start: nothing is played twice, but the books must still balance."""
        accounts.check_books(self.stage, self.world)

    def _live_half_a_year(self) -> None:
        with self.stage.step("history", _("Half a year passes")) as step:
            told = write_history(seed=SEED, now=timezone.now(), shelves=self.world.shelves_file)
            readers.make_reader(password=self.passwords["reader"])
            step.facts.update(readers=told.readers, loans=told.loans, open_loans=told.open_loans)
            self.stage.say(
                _("%(readers)d readers, %(loans)d loans (%(open_loans)d still out)."), **step.facts
            )
            self.stage.promise(told.loans > 0, "nobody borrowed anything")
            _settlements, net = money.settle_months(now=timezone.now())
            self.stage.promise(net == 0, "the settlements do not add up to nothing")

    def _keep_summary(self) -> None:
        self.world.summary_file.write_text(
            json.dumps(self.stage.summary(), ensure_ascii=False, default=str), encoding="utf-8"
        )


def told_before(world: World) -> dict[str, Any]:
    """The summary of the run that played the story."""
    if not world.summary_file.exists():
        return {}
    return dict(json.loads(world.summary_file.read_text(encoding="utf-8")))


def _passwords(world: World, cast: Cast, *, is_loopback: bool) -> dict[str, str]:
    """The well-known one on this machine alone; anywhere else, random ones shown once."""
    if is_loopback:
        return {login.username: DEMO_PASSWORD for login in logins(cast)}
    kept: dict[str, str] = world.state.setdefault(
        "passwords", {login.username: secrets.token_urlsafe(9) for login in logins(cast)}
    )
    world.save()
    return kept
