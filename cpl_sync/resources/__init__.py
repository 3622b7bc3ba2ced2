# generated from cpl_async/resources/__init__.py by tools/generate_sync.py, do not edit
"""Resources of the API, one module for each group of operations in the contract."""
