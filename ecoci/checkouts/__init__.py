"""Adapters that lay out the two sides of a pull request, and the environment of each."""
