"""One table over all data sets that were scored on equal terms."""
