"""The last words on the screen: where everything is, who may sign in, what to try."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from rich.panel import Panel
from rich.table import Table

from library_net.demo.cast import logins
from library_net.demo.run import Run
from library_net.demo.world import READER_CARD


def farewell(run: Run, *, url: str, is_other_port: bool) -> None:
    """A box in the first language of the stage."""
    with translation.override(run.stage.languages[0]):
        table = Table.grid(padding=(0, 2))
        for name, value in _rows(run, url=url):
            table.add_row(f"[dim]{name}[/]", value)
        title = _("Library Net is running")
        run.stage.console.print()
        run.stage.console.print(Panel(table, title=title, expand=False, border_style="cyan"))
        if is_other_port:
            run.stage.console.print(_("The port asked for was busy; this is the next free one."))
        if not run.stage.all_held:
            run.stage.console.print(f"[red]{_('Some steps did not hold; see above.')}[/]")


def _rows(run: Run, *, url: str) -> list[tuple[str, str]]:
    rows = [
        (_("Portal"), f"{url}/"),
        (_("Scan desk and admin"), f"{url}/desk/  {url}/admin/"),
        ("API", f"{url}/api/v1/"),
    ]
    password = run.passwords
    for login in logins(run.cast):
        name = READER_CARD if login.role == "reader" else login.username
        where = _ROLES[login.role]()
        rows.append((where, f"{name} / {password[login.username]}   {login.name}"))
    rows += [
        (_("Try"), f"{url}/search?q=红楼梦  ·  hlm · hongloumeng"),
        ("", _("sign in as the reader and renew; scan a card at the desk; veto a move")),
        ("", f"curl -H 'Authorization: Key …' {url}/api/v1/transits/"),
        (_("Member keys"), str(run.world.folder / "world.json")),
        (_("Data"), str(settings.DATA_DIR)),
        (_("Start over"), "make demo ARGS=--reset"),
        (_("Stop"), "Ctrl-C"),
    ]
    return rows


_ROLES = {
    "network_admin": lambda: _("Network administrator"),
    "librarian": lambda: _("Librarian"),
    "reader": lambda: _("Reader"),
}
