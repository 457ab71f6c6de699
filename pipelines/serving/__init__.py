"""What leaves the warehouse: the published file that BI tools open.

Belongs here: the DuckDB client, the lock on the warehouse, publishing. Does not:
platforms, Dagster.
"""
