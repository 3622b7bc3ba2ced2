"""Output folder of a job: labels, tables, summary."""
