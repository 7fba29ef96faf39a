"""Renderers: from a report to what people read. They know values only."""
