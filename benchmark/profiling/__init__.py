"""Profiling: what a trial costs, and on what it ran.

``complexity`` counts parameters and FLOPs, ``latency`` times inference, ``memory`` finds its peak,
``profile`` puts them together; ``hardware``, ``precision`` and ``environment`` say where.
"""
