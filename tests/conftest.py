"""Shapes and types at the boundaries of the numeric modules are checked while the tests run."""

import os

from hypothesis import settings
from jaxtyping import install_import_hook

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes test at a time; threads that compete cost ten times

# Property tests draw the same inputs every time, so that what passed once passes again; `make test-all` draws new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("same")

# Not the modules whose own checks are under test (data, importing.iq, integer.model), nor those without arrays, nor
# what numba compiles.
CHECKED = (
    "ternary quantize model training prune fold evaluate plots stages "
    "radar.activities radar.body radar.features radar.gait radar.room radar.signal "
    "radar.simulate radar.spectrogram radar.tempo "
    "importing.resample importing.pictures importing.recordings prediction "
    "radar.movement radar.mocap single "
    "integer.folded integer.oracle integer.requantize integer.intervals integer.proofs integer.footprint"
)
install_import_hook([f"harlib.{module}" for module in CHECKED.split()], "beartype.beartype")


def pytest_collection_modifyitems(items):
    """Studies and the browser first: with two processes at work, the longest files must not come last."""
    items.sort(key=lambda item: all(item.get_closest_marker(name) is None for name in ("study", "browser")))
