"""Long work as people see it: what runs, how far it is, and how it restarts."""
