"""Built-in ways to pre-train a model on images without labels."""
