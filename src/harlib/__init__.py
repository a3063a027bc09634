"""How a radar CNN of 3,029 parameters becomes ternary and integer-only: the library behind the study's notebooks."""

__version__ = "0.1.0"
