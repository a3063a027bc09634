"""A person in, a spectrogram out: body -> activities -> signal -> spectrogram, put together in simulate."""

from harlib.radar.simulate import (
    CLASSES,
    Recordings,
    Subject,
    Trial,
    assign_classes,
    draw_subject,
    draw_trial,
    receive,
    simulate_signal,
    simulate_subject,
    trajectories,
)

__all__ = [
    "CLASSES",
    "Recordings",
    "Subject",
    "Trial",
    "assign_classes",
    "draw_subject",
    "draw_trial",
    "receive",
    "simulate_signal",
    "simulate_subject",
    "trajectories",
]
