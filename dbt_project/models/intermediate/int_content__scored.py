"""In which language what people write is, how it feels, and what it is about.

Belongs here: reading the texts. Does not: the rules and the words (`pipelines.measurement`).
"""

import pyarrow as pa

from pipelines.measurement.sentiment import scores


def model(dbt, session) -> pa.Table:
    """One row a comment, mention or review."""
    dbt.config(materialized="table")
    texts = dbt.ref("int_content__unioned").project("content_key, message, language")
    return scores(texts.to_arrow_table())
