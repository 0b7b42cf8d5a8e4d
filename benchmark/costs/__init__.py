"""What a plan will take, said before it starts: from trials that ran, or from a few timed steps."""
