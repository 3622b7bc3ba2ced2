"""The guarantees under simulation: the real client, engine, journal and sandbox in virtual time, from one seed."""
