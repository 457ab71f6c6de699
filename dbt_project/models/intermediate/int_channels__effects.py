"""What each channel is worth to conversion, as each month learns it: Markov and Shapley.

Belongs here: reading the counts that SQL made. Does not: the models (`pipelines.measurement`).
"""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.measurement.attribution import markov, shapley


def model(dbt, session) -> pa.Table:
    """One row a month and channel: what both models say it is worth, and its share of all."""
    dbt.config(materialized="table")
    transitions = dbt.ref("int_paths__transitions").to_arrow_table()
    sets = dbt.ref("int_paths__sets").to_arrow_table()
    # Without a path there is no month; the columns are there all the same.
    months = sorted(transitions["month"].unique().to_pylist()) or [None]
    return pa.concat_tables(_effects(month, transitions, sets) for month in months)


def _effects(month: date | None, transitions: pa.Table, sets: pa.Table) -> pa.Table:
    """The channels of the paths that a month learns of."""
    learnt = pc.field("month") == pa.scalar(month, pa.date32())
    chain = markov(transitions.filter(learnt)).rename_columns({"share": "markov_share"})
    game = shapley(sets.filter(learnt)).rename_columns(
        {
            "value": "shapley_value",
            "standard_error": "shapley_standard_error",
            "share": "shapley_share",
        }
    )
    effects = chain.join(game, "channel")
    return effects.add_column(0, "month", pa.repeat(pa.scalar(month, pa.date32()), len(effects)))
