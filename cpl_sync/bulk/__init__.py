# generated from cpl_async/bulk/__init__.py by tools/generate_sync.py, do not edit
"""The bulk engine: its public names, loaded at first use."""
