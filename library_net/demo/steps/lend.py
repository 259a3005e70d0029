"""The main job on one book: lent in one city, returned in another, collected on the way back."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from circulation.domain.calendar import local_date
from circulation.domain.states import RequestState
from circulation.models import HoldRequest, Loan, Patron
from library_net.demo.people import Person
from library_net.demo.stage import Stage
from library_net.demo.steps.story import Story
from library_net.demo.world import CHUAN, XUE


def lend_and_return(stage: Stage, story: Story, *, is_sample: bool) -> None:
    """From the first registration to the second reader's loan."""
    _register(stage, story)
    story.loan = _lend(stage, story)
    request = _wish(stage, story)
    _renew(stage, story, must_renew=is_sample)
    transit = _give_back(stage, story, request=request)
    _travel(stage, story, transit=transit)
    _collect(stage, story, request=request)


def _register(stage: Stage, story: Story) -> None:
    with stage.step("register", _("A reader registers with a resident ID")) as step:
        lender = story.member(story.lender)
        first = _account(lender, XUE, branch=story.lender)
        again = _account(lender, XUE, branch=story.lender)
        stage.promise(
            XUE.number not in str(first), "the ID number came back in clear", number="masked"
        )
        stage.promise(
            first["patron"] == again["patron"] and not again["is_new"],
            "the same ID opened a second account",
        )
        wrong = XUE.number[:-1] + ("1" if XUE.number[-1] != "1" else "2")
        refusal = lender.refused("patrons/", branch=story.lender, name="x", number=wrong)
        stage.promise(refusal is not None, "a wrong check digit was accepted")
        step.facts["patron"] = first["patron"]
        stage.say(
            _("%(name)s at %(branch)s: %(card)s, account %(patron)s; the card finds it again."),
            name=first["name"],
            branch=story.name(story.lender),
            card=first["credential"]["number"],
            patron=first["patron"],
        )
        if refusal is not None:
            stage.say(_("A wrong check digit is refused: %(why)s"), why=refusal.get("title", ""))


def _account(member: Any, person: Person, *, branch: str) -> dict[str, Any]:
    return dict(member.act("patrons/", branch=branch, name=person.name, number=person.number))


def _lend(stage: Stage, story: Story) -> int:
    with stage.step("checkout", _("She borrows a book with her ID card")) as step:
        lender = story.member(story.lender)
        asked = {"branch": story.lender, "card": XUE.number, "barcode": story.barcode}
        key = str(uuid.uuid4())
        answers = [
            lender.act("checkouts/", operation_id=key, owner=story.lender, **asked)
            for _time in range(3)
        ]
        answer = answers[0]
        item = answer["item"]
        story.items[story.barcode] = item["id"]
        story.world.put([(item["id"], "reader", story.branch_id(story.lender))])
        stage.promise(item["status"] == "on_loan", "the copy is not on loan")
        stage.promise(
            all(other == answer for other in answers), "a repeat with the same key acted again"
        )
        second = lender.refused("checkouts/", owner=story.lender, **asked)
        stage.promise(second is not None, "the same copy was lent twice")
        step.facts.update(loan=answer["loan"], title=item["title"], due=answer["due_date"])
        stage.say(
            _("“%(title)s” (%(barcode)s) lent at %(branch)s, due %(due)s."),
            title=item["title"],
            barcode=story.barcode,
            branch=story.name(story.lender),
            due=answer["due_date"],
        )
        stage.say(_("Sent three times under one Idempotency-Key: one loan, three equal answers."))
        if second is not None:
            stage.say(_("A second loan of the copy is refused: %(why)s"), why=second.get("title"))
        return int(answer["loan"])


def _wish(stage: Stage, story: Story) -> int:
    with stage.step("request", _("Another reader asks for the title elsewhere")) as step:
        pickup = story.member(story.pickup)
        account = _account(pickup, CHUAN, branch=story.pickup)
        answer = pickup.act(
            "requests/",
            card=CHUAN.number,
            pickup_branch=story.pickup,
            manifestation=story.manifestation,
        )
        stage.promise(answer["state"] == "waiting", f"the request is {answer['state']}")
        step.facts["request"] = answer["request"]
        stage.say(
            _("%(name)s waits for it at %(branch)s, place %(place)s in the queue."),
            name=account["name"],
            branch=story.name(story.pickup),
            place=answer.get("position", 1),
        )
        return int(answer["request"])


def _renew(stage: Stage, story: Story, *, must_renew: bool) -> None:
    with stage.step("renewal", _("A reader who needs longer renews")) as step:
        loan = _renewable(story)
        if loan is None:
            # A folder of few records may leave nothing at the lender's desk.
            stage.promise(not must_renew, "no open loan can be renewed", skipped=True)
            return
        lender = story.member(story.lender)
        renewed = lender.act("renewals/", loan=loan.pk)
        stage.promise(renewed["due_at"] > loan.due_at.isoformat(), "the loan is not longer")
        refusal = lender.refused("renewals/", loan=loan.pk)
        stage.promise(refusal is not None, "a second renewal was allowed")
        step.facts.update(loan=loan.pk, due=renewed["due_date"])
        stage.say(
            _("“%(title)s” was due %(before)s, is now due %(after)s."),
            title=renewed["item"]["title"],
            before=local_date(loan.due_at).isoformat(),
            after=renewed["due_date"],
        )
        if refusal is not None:
            stage.say(_("A second renewal is refused: %(why)s"), why=refusal.get("title", ""))


def _renewable(story: Story) -> Loan | None:
    """A loan of the past weeks, lent at the lender's own desk, that nobody else waits for."""
    now = timezone.now()
    wanted = HoldRequest.objects.filter(state=RequestState.WAITING)
    return (
        Loan.objects.filter(
            closed_at=None,
            renewals=0,
            checkout_agency__code=story.lender,
            due_at__gt=now + timedelta(days=1),
            checked_out_at__lt=now - timedelta(days=5),
        )
        .exclude(item__source_record__manifestation__in=wanted.values("anchor__manifestation"))
        .exclude(patron__in=Patron.objects.filter(loans__closed_at=None, loans__due_at__lt=now))
        .exclude(patron__in=Patron.objects.filter(ledger__isnull=False))
        .order_by("due_at")
        .first()
    )


def _give_back(stage: Stage, story: Story, *, request: int) -> int:
    with stage.step("checkin", _("She returns it in another city")) as step:
        answer = story.member(story.returns_at).act(
            "checkins/", branch=story.returns_at, barcode=story.barcode, owner=story.lender
        )
        item = answer["item"]["id"]
        story.world.put([(item, "outgoing crate", story.branch_id(story.returns_at))])
        where = answer["next"]
        stage.promise(answer["closed_loan"] == story.loan, "the loan is not closed")
        stage.promise(
            where["kind"] == "transit" and where.get("request") == request,
            f"the copy does not go to the waiting reader: {where}",
        )
        stage.promise(where.get("destination") == story.pickup, "it goes to another branch")
        step.facts.update(next=where)
        stage.say(
            _(
                "Taken back at %(branch)s; the loan ends here. Next: by van to %(pickup)s, where a "
                "reader waits."
            ),
            branch=story.name(story.returns_at),
            pickup=story.name(story.pickup),
        )
        return int(where["transit"])


def _travel(stage: Stage, story: Story, *, transit: int) -> None:
    with stage.step("transit", _("The copy travels")) as step:
        item = story.items[story.barcode]
        left = story.member(story.returns_at).act(f"transits/{transit}/dispatch/")
        story.world.put([(item, "van", story.branch_id(story.returns_at))])
        stage.promise(left["state"] == "dispatched", "the copy did not leave")
        came = story.member(story.pickup).act(f"transits/{transit}/receive/")
        story.world.put([(item, "hold shelf", story.branch_id(story.pickup))])
        stage.promise(came["next"]["kind"] == "hold_shelf", f"it is not held: {came['next']}")
        step.facts.update(transit=transit, next=came["next"])
        stage.say(
            _("Left %(origin)s, arrived at %(destination)s: on the hold shelf."),
            origin=story.name(story.returns_at),
            destination=story.name(story.pickup),
        )


def _collect(stage: Stage, story: Story, *, request: int) -> None:
    with stage.step("collect", _("The other reader collects it")) as step:
        answer = story.member(story.pickup).act(
            "checkouts/",
            branch=story.pickup,
            card=CHUAN.number,
            barcode=story.barcode,
            owner=story.lender,
        )
        item = story.items[story.barcode]
        story.world.put([(item, "reader", story.branch_id(story.pickup))])
        stage.promise(answer["filled_request"] == request, "the request was not filled")
        step.facts.update(loan=answer["loan"], due=answer["due_date"])
        stage.say(
            _("“%(title)s”, a copy of %(owner)s, is lent at %(branch)s; the request is filled."),
            title=answer["item"]["title"],
            owner=story.name(story.lender),
            branch=story.name(story.pickup),
        )
