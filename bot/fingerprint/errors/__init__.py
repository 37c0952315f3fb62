"""The rules that turn the text of a failure into the key of its error group."""
