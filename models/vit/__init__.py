"""Plain vision transformers and Hiera, as foundation models publish them, under a light decoder."""
