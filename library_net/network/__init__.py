"""Who is in the network: institutions, their branches, calendars, routes and keys."""
