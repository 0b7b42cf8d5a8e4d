"""Drafts a ``dataset.yaml`` from what can be seen in a folder or file: ``emseg-bench data init``."""
