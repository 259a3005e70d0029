"""A SIP2 server: in a thread of the test, or as the process people start."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading

from circulation.models import SipTerminal
from circulation.protocols.sip2.line import Limits
from circulation.protocols.sip2.server import Server, listen
from tests.services import die_with_parent
from tests.site import ROOT


@contextlib.contextmanager
def serving(*, tls=None, **limits):
    """Yields the port; answers from threads of this process, over real sockets."""
    listening = listen(host="127.0.0.1", port=0)
    port = listening.getsockname()[1]
    ready, loop = threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve():
        async with Server(listening=listening, limits=Limits(**limits), tls=tls):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(20)
        loop.close()
        assert not thread.is_alive()


@contextlib.contextmanager
def server_process(*arguments, environment=None):
    """`manage.py sip2_server` on a free port; yields (port, process)."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "sip2_server", "--port", "0", *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one C call
    )
    line = process.stdout.readline()
    assert line.startswith("SIP2 on"), line
    try:
        yield int(line.rsplit(":", 1)[1]), process
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def terminal(world, *, branch="JJ-MAIN", login="machine", password="secret-1", **profile):
    row = SipTerminal(label=login, branch=world.branches[branch], login=login, **profile)
    row.set_password(password)
    row.save()
    return row
