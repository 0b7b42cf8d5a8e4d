"""Label maps in files: making them with trained weights, and scoring anybody's."""
