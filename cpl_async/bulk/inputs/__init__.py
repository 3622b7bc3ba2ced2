"""Reads files of shipments of the kinds that people have: CSV, JSON Lines, workbooks of Excel, Parquet."""
