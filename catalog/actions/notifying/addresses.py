"""Where we may send: http and https, and never the machine's own link or a cloud's metadata."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from library_net.errors import LibraryError


def check_address(url: str) -> None:
    """Raises ``webhook_address_bad`` or ``webhook_address_closed``.

    Private networks are allowed: member libraries live in them, and only network administrators
    set addresses. Link-local ones hold the metadata of cloud machines, which no library is.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise LibraryError("webhook_address_bad") from error
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
        raise LibraryError("webhook_address_bad")
    for address in _addresses(host):
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            raise LibraryError("webhook_address_closed", host=host[:80])


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """What the name stands for now; nothing when it cannot be resolved, which sending will tell."""
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return []
    return [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in found]
