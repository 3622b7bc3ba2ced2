"""Access tokens and the client secret."""
