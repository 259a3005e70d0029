"""One page family a file."""
