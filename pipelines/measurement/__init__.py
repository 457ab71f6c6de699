"""The statistics that SQL should not do: an inverse, a search, a sample.

Belongs here: functions from small Arrow tables to small Arrow tables, exact or with their error
told. Does not: what SQL does as well (counting, joining, sharing money out), HTTP, Dagster, files.
"""
