"""One HTTP exchange: pacing, token, retry, redaction, events."""
