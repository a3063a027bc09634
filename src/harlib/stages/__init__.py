"""The stages of the study, one a module: what is trained or converted, and how its network is built again.

A stage module has NAME, TRAINS (seconds a fold if not, so no process of its own is worth its start), UPSTREAM (the
stage it starts from, or None), PARAMETERS (the names that decide its result), `fit(task)` and `build(state, task)`.
`harlib.study` runs them fold by fold.
"""

ORDER = ("fp32", "ternary-ptq", "ternary-ptq-bn", "qat", "pruned", "folded", "integer")  # names, as the book goes
