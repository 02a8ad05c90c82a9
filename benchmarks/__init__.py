"""Measurements of the suite; see `__main__.py` for how they are run."""
