"""Every random stream of a run is derived from the one parameter `seed` and the words that name the stream.

What a run computes draws from `derive(seed, WHO, WHAT, ...)`: WHO is a stage's name or another user's ("radar",
"learning curve", "sweep", "playground", "free fine-tuning"), WHAT is what it draws, the numbers are fold or repeat. So
no two stages share a stream, and a stage that draws more or fewer numbers moves no other.

What is not derived so, and why:

- data: folds are cut with `seed` itself. They belong to no stage: all stages and notebooks share one cut.
- training: `train` is given its stream by its caller. `reestimate_batch_norm` always takes the order of seed 0, the
  same in every stage, so that two stages differ by their weights alone.
- protocol: networks beside the folds take fp32's streams of their fold, to start as the fold's own network does.
- radar.simulate: splits the stream that it is given, by purpose, subject and trial, with NumPy's spawn keys.
- single: `harlib simulate` has a seed of its own, of one picture.
- evaluate: bootstraps and chance levels draw from 0. An interval then depends on its table alone, and intervals over
  the same subjects take the same resamples, whatever the seed of the run.
- integer.agreement: its caller gives the seed of the inputs on which engines are held against each other.
- check, plots.integer: the example of an exercise, and dots moved apart so that they can be seen.
- 01: shows trials of the data set, so it names the simulation's stream again.
- 02, 03, 05: a randomized PCA, and small tensors that illustrate.
"""

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
