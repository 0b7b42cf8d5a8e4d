"""Score against labels: boards that differ in nothing but how many of their training images are labelled."""
