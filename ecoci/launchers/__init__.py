"""Adapters that make one run: in a fresh process, or inline for replays and tests."""
