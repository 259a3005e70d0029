"""Parts of the actions that tell members of changes."""
