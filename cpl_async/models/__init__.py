"""Data models of the API as attrs classes, one module for each resource."""
