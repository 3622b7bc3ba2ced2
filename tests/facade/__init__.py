"""The synchronous facade: what crosses, and where it is used."""
