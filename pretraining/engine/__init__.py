"""Running a pre-training: images without labels, the loop, resume points, pictures and weight files."""
