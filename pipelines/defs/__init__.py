"""Every Dagster definition, thin: what runs, when, in which order, and what a person sees of it.

Belongs here: assets, checks, partitions, jobs, schedules, sensors, resources, alerts. Does not: how
HTTP or Parquet works (`connectors`, `lake`, `ingest`), how marts are defined (dbt), how they are
published (`serving`). `pipelines.definitions` puts it all together.
"""
