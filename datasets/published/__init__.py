"""Public EM benchmarks, a file each: what they are, where they are, how their files become arrays."""
