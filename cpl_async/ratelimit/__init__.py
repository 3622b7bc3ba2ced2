"""Rate limit and concurrency limit of a set of credentials."""
