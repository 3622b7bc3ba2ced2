"""Programs that a type checker reads and tests run."""
