"""What each channel is worth to conversion, of all paths together: Markov and Shapley.

Belongs here: reading the counts that SQL made. Does not: the models (`pipelines.measurement`).
"""

import pyarrow as pa

from pipelines.measurement.attribution import markov, shapley


def model(dbt, session) -> pa.Table:
    """One row a channel: what both models say it is worth, and its share of what all are."""
    dbt.config(materialized="table")
    chain = markov(dbt.ref("int_paths__transitions").to_arrow_table())
    game = shapley(dbt.ref("int_paths__sets").to_arrow_table())
    return chain.rename_columns({"share": "markov_share"}).join(
        game.rename_columns(
            {
                "value": "shapley_value",
                "standard_error": "shapley_standard_error",
                "share": "shapley_share",
            }
        ),
        "channel",
    )
