"""Search spaces: which values of a recipe and of a model's options a study may try."""
