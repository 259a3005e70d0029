"""Many callers, one transaction: what ``checkout`` and ``checkin`` share to go together."""
