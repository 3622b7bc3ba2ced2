# generated from cpl_async/resources/__init__.py by tools/generate_sync.py, do not edit
"""The API's calls, one module for each family, named after the contract's operations."""
