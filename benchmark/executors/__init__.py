"""Ways to run trials outside the command's own process."""
