"""ecoci tells a pull request what it does to the energy of LLM inference."""

__version__ = "0.1.0"
