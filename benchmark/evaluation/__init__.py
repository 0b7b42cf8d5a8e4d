"""Evaluation: from a trained model to a table of scores per case and class.

``evaluate`` reads a case, normalises it, ``sliding_window`` predicts its logits, ``labels`` turns
them into a label map, ``confusion`` counts, ``metrics`` score, ``scoring`` makes the table.
"""
