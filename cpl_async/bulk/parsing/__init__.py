"""Parsers that convert the text of a row to a shipment, or explain why a value is not certain."""
