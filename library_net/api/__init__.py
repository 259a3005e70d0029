"""Plumbing every REST endpoint shares: who calls, errors, idempotency, cursors, rendering."""
