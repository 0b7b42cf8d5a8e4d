"""Pixels: reading and writing images and volumes, grey values, geometric transforms."""
