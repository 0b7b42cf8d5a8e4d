"""RETINA's TransUNet: configuration, network and weights."""
