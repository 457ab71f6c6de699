"""The lake: typed Parquet files, one per stream, account and day, and what could not become one.

Belongs here: column kinds, conversion to Arrow, atomic files, history, quarantine. Does not: any
platform's name, HTTP, Dagster, DuckDB.
"""
