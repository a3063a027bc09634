"""Shapes and types at the boundaries of the numeric modules are checked while the tests run."""

from jaxtyping import install_import_hook

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
