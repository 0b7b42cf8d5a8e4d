"""Built-in dataset adapters: synthetic EM, and folders of images and masks."""
