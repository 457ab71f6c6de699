"""What stands behind `smm`: starting runs and the sandbox, showing what happens, summing it up.

Belongs here: composition for a person at a terminal. Does not: anything that Dagster needs too.
"""
