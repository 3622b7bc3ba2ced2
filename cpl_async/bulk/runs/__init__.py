"""Runs of a job: from a file, from rows, from a lease, or resumed from the journal."""
