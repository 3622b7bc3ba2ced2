"""Report and handover manifest of a job."""
