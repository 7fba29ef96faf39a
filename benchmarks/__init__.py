"""Programs that measure ecoci itself; each runs as a file of its own."""
