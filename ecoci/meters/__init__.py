"""Adapters that turn running work into a trace."""
