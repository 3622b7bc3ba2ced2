# generated from cpl_async/bulk/__init__.py by tools/generate_sync.py, do not edit
"""Many shipments: read, check, plan, journal, send, fetch labels, report."""
