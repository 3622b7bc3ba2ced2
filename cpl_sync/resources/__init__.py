"""The API's calls, one module for each family, named after the contract's operations."""
