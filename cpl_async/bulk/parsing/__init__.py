"""Parsers that turn the text of a row into a shipment, or say why a value is not certain."""
