"""Plugins: found, loaded, checked, looked up by name, and what references to them say."""
