"""The closed and the open division of the same data, side by side."""
