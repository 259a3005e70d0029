"""Every read circulation's doors and actions need; query counts are stated with each."""
