"""Every setting of the product, in one class, read from the environment and an `.env` file.

Belongs here: names, defaults, which sources are on. Does not: what a source does with its settings.
"""
