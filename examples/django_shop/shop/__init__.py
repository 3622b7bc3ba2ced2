"""Orders, and how they are shipped."""
