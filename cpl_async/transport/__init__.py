"""One HTTP exchange: rate limit, token, retry, redaction, events."""
