"""Adapters that quiet the host while a window runs."""
