"""Who plays what in the live story, for the members taking part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from library_net.demo.members import DEYANG, JINJIANG, ZIYANG
from library_net.demo.world import World
from library_net.network.models import Agency

JIANYANG = "CN-510185-1-JY"  # lies on the way from Ziyang back to Chengdu
_FIRST_CHOICE = (JINJIANG, ZIYANG, DEYANG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Agencies by their part: three members in three cities, and where another reader waits."""

    lender: str
    returns_at: str
    third: str
    pickup: str

    @property
    def live_members(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.lender, self.returns_at, self.third)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A log-in of the sample world and what it is for."""

    role: str  # reader | librarian | network_admin
    username: str
    name: str
    agency: str = ""


def cast_of(world: World, members: Sequence[str] = ()) -> Cast:
    """The parts, chosen once and kept; all from ``members`` as far as they reach."""
    if "cast" not in world.state:
        world.state["cast"] = asdict(_choose(members))
        world.save()
    stored: dict[str, Any] = world.state["cast"]
    return Cast(**stored)


def _choose(members: Sequence[str]) -> Cast:
    city = {agency.code: agency.lineage()[-1].code for agency in Agency.objects.all()}
    ranked = [*members, *(code for code in _FIRST_CHOICE if code not in members)]
    if not members or JINJIANG in members:
        ranked = [JINJIANG, *(code for code in ranked if code != JINJIANG)]
    lender = ranked[0]
    rest = [code for code in (*ranked[1:], *_FIRST_CHOICE) if code != lender]
    returns_at = next(code for code in rest if city[code] != city[lender])
    others = [code for code in rest if code != returns_at]
    third = next((c for c in others if city[c] not in (city[lender], city[returns_at])), others[0])
    free = (JIANYANG, DEYANG, JINJIANG, ZIYANG)
    pickup = next(code for code in free if code not in (lender, returns_at))
    return Cast(lender=lender, returns_at=returns_at, third=third, pickup=pickup)


def logins(cast: Cast) -> tuple[Login, ...]:
    """One log-in for each role, and a librarian at both ends of the cross-city loan."""
    staff = []
    for code in (cast.lender, cast.returns_at):
        agency = Agency.objects.get(code=code)
        username = (agency.name_en or code).split()[0].lower()
        name = f"{agency.name_zh}馆员"
        staff.append(Login(role="librarian", username=username, name=name, agency=code))
    return (
        Login(role="network_admin", username="network", name="网络管理员"),
        *staff,
        Login(role="reader", username="reader", name="读者"),
    )
