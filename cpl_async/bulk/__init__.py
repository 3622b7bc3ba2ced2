"""Many shipments: read, check, plan, journal, send, fetch labels, report."""
