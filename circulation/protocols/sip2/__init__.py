"""SIP2 for self-service machines, sorters and gates: bytes in, messages out, actions in between.

``framing``, ``codes``, ``layouts`` and ``messages`` are pure: no socket, no Django, no clock.
``terminal`` knows one terminal's profile and log-in, ``answers`` one message each, ``resends``
what counts as asked before, ``server`` the sockets.
"""
