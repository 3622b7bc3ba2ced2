"""Parsers that convert the text of a row to a shipment, and report values that are ambiguous."""
