"""Who may sign in, and what for: users and their roles."""
