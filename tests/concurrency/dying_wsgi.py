"""The site, in a process that dies between the commit and the answer when a request says so."""

import os
import signal

from library_net.wsgi import application as site


def application(environ, start_response):
    answer = site(environ, start_response)
    if environ.get("HTTP_X_DIE_BEFORE_ANSWERING"):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
