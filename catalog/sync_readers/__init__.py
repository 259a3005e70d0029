"""What a member is told of its own records: their digests, and how they are doing."""
