"""The API's data as attrs classes, one module for each family."""
