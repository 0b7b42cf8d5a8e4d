"""Evaluation: from a trained model to a table of scores per case and class.

``evaluate`` reads a case; ``segmenter`` predicts logits of images and slices (in windows on a ``grid``,
through ``forward``, averaged by ``blending``), and ``volumes`` labels of volumes; ``labels`` turns logits
into a label map, ``confusion`` counts, ``metrics`` score, ``scoring`` makes the table.
"""
