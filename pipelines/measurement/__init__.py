"""The statistics that SQL should not do. Does not belong here: HTTP, Dagster, files."""
