"""From what somebody asks for to the trials that will run."""
