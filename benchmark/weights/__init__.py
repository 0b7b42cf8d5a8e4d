"""Weight files: reading strangers' safely, telling what they are, and the library of imported ones."""
