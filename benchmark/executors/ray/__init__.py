"""Trials as tasks of Ray, on this machine or a cluster."""
