"""The words that all rooms share; nothing here imports anything of ours from elsewhere."""
