"""Looks at a dataset as a careful colleague would before training on it: ``emseg-bench data inspect``."""
