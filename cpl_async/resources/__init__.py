"""Resources of the API, one module for each group of operations in the contract."""
