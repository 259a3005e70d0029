"""Pages for librarians about their institution's exchange with the network."""
