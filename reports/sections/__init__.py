"""The built-in parts of the page: a module and a template each."""
