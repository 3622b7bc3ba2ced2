"""Readers for CSV, JSON Lines, Excel and Parquet files of shipments."""
