"""Facilities of the process and its host: clocks, forks, locks, locked files, secrets."""
