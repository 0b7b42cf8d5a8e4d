"""Volumes in files: a reader per format reads a header, and later what is asked of the values."""
