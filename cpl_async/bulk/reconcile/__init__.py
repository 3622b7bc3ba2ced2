"""Reconciliation of writes whose response was lost."""
