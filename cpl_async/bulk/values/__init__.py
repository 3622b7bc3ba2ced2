"""Turns what people write in a cell into what the API takes, or says why that is not certain."""
