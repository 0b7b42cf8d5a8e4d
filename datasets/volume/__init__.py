"""Volumes of any common format as a dataset: ``volume:PATH``."""
