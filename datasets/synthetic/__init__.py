"""Synthetic EM: tissue drawn from a seed, imaged by a drawn microscope."""
