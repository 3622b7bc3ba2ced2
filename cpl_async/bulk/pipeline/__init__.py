"""The pipeline of a batch: ingest rows, send, poll the import, fetch labels."""
