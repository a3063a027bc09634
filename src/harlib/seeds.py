"""Every random stream of a run is derived from the one parameter `seed` and the words that name the stream."""

import hashlib


def derive(seed: int, *words: str | int) -> int:
    """A seed of 63 bits for the stream that `words` name; no two streams share one.

    >>> derive(0, "fp32", "weights", 1) == derive(0, "fp32", "weights", 1)
    True
    >>> derive(0, "fp32", "weights", 1) == derive(0, "fp32", "order", 1)
    False
    """
    text = "/".join(str(word) for word in (seed, *words))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
