"""Access tokens and the secret that they are fetched with."""
