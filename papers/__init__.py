"""What papers published as their way to train and to score: a file each."""
