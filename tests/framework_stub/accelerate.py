"""Only to be found: transformers needs accelerate to place a model."""
