"""Built-in models, their weights and their cards."""
