"""The integer-only network: its file format, the NumPy oracle, proofs of its bounds, and how it is made."""
