"""One reader per file format; each reads a header, and later what is asked of the values."""
