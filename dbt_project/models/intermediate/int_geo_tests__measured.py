"""What each geo experiment brought, with its interval.

Belongs here: reading the days that SQL summed. Does not: the model (`pipelines.measurement`).
"""

import pyarrow as pa

from pipelines.measurement.geo_lift import effects


def model(dbt, session) -> pa.Table:
    """One row an experiment: `geo_lift.EFFECTS`."""
    dbt.config(materialized="table")
    return effects(dbt.ref("int_geo_tests__daily").to_arrow_table())
