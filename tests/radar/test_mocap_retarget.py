from dataclasses import replace

import numpy as np
import pytest

from harlib.errors import HarlibError
from harlib.parameters import Simulation
from harlib.project import project_root
from harlib.radar.body import NAMES
from harlib.radar.mocap.capture import Capture
from harlib.radar.mocap.record import read, simulate_capture
from harlib.radar.mocap.retarget import Scene, retarget

CAPTURES = project_root().parent / "shared" / "data" / "mocap"
RATE = 60.0

# Someone who stands and faces +x, z up, in metres: name, parent, place.
PERSON = [
    ("Hips", -1, (0, 0, 0.95)), ("Spine", 0, (0, 0, 1.1)), ("Neck", 1, (0, 0, 1.45)), ("Head", 2, (0, 0, 1.55)),
    *[joint for at, (side, sign) in enumerate((("Left", 1), ("Right", -1))) for joint in (
        (f"{side}Arm", 1, (0, 0.2 * sign, 1.4)), (f"{side}ForeArm", 4 + 6 * at, (0, 0.2 * sign, 1.1)),
        (f"{side}Hand", 5 + 6 * at, (0, 0.2 * sign, 0.85)), (f"{side}UpLeg", 0, (0, 0.1 * sign, 0.93)),
        (f"{side}Leg", 7 + 6 * at, (0, 0.1 * sign, 0.5)), (f"{side}Foot", 8 + 6 * at, (0, 0.1 * sign, 0.08)),
    )],
]  # fmt: skip
TIME = np.arange(-1, 1286) * 0.008


def person(seconds=12.0, velocity=(0.0, 0.0, 0.0), unit_m=1.0):
    count = round(seconds * RATE) + 1
    names, parents, places = zip(*PERSON, strict=True)
    moved = np.array(velocity)[:, None] * np.arange(count) / RATE
    return Capture(names, parents, np.array(places)[:, :, None] + moved, RATE, unit_m)


def renamed(capture, change):
    return replace(capture, joints=tuple(change(name) for name in capture.joints))


def without(capture, *lost):
    return renamed(capture, lambda name: "Extra" if name in lost else name)


def test_a_standing_person_faces_the_radar_at_the_distance():
    place = retarget(person(), Scene(distance_m=2.5), TIME).place
    assert set(place) == set(NAMES)
    assert place["lower trunk"][0][0] == pytest.approx(2.5)
    assert place["lower trunk"][0][1] == pytest.approx(0, abs=1e-9)
    # Facing the radar, along -x, the left hand is at negative y; y is the radar's left.
    assert (place["left hand"][0][1] < -0.1).all()
    assert (place["left foot"][1][0] < place["left foot"][0][0]).all()
    assert place["left foot"][0][2] == pytest.approx(0.02)  # the ankle is the lowest joint there is
    for near, far, wide in place.values():
        assert np.isfinite([near, far, wide]).all()
        assert np.linalg.norm(wide, axis=0) == pytest.approx(1)
        assert ((far - near) * wide).sum(axis=0) == pytest.approx(0, abs=1e-9)


def test_the_aspect_turns_the_person():
    place = retarget(person(), Scene(aspect_deg=90.0), TIME).place
    assert place["left hand"][0][0] - place["right hand"][0][0] == pytest.approx(
        np.full(TIME.size, 0.4 * _scale()), abs=1e-6
    )


def _scale():
    place = retarget(person(), Scene(), TIME).place
    return np.linalg.norm(place["left thigh"][1] - place["left thigh"][0], axis=0)[0] / 0.43


def test_someone_who_walks_keeps_their_speed_and_comes_nearest_at_the_distance():
    place = retarget(person(velocity=(1.2, 0, 0)), Scene(distance_m=2.0), TIME).place
    hips = place["lower trunk"][0][0]
    assert hips.min() == pytest.approx(2.0, abs=0.9 * 1.2)  # the capture goes on after the recording
    assert np.diff(hips) / np.diff(TIME) == pytest.approx(-1.2 * _scale(), rel=1e-6)


@pytest.mark.parametrize("axes", [(1, 2, 0), (2, 0, 1)])
def test_another_vertical_axis_and_other_units_change_nothing(axes):
    capture = person(velocity=(0.5, 0.1, 0))
    expected = retarget(capture, Scene(), TIME).place
    turned = replace(capture, position=1000 * capture.position[:, axes], unit_m=0.001)
    for name, vectors in retarget(turned, Scene(), TIME).place.items():
        for got, wanted in zip(vectors, expected[name], strict=True):
            assert got == pytest.approx(wanted, abs=1e-6)


def test_names_with_prefixes_and_any_case_are_known():
    capture = renamed(person(), lambda name: f"mixamorig:{name.upper()}")
    assert retarget(capture, Scene(), TIME).place["left hand"][0] == pytest.approx(
        retarget(person(), Scene(), TIME).place["left hand"][0]
    )


def test_a_missing_joint_is_named():
    with pytest.raises(HarlibError, match=r"no joint for left knee, right wrist; its joints are Hips"):
        retarget(without(person(), "LeftLeg", "RightHand"), Scene(), TIME)


def test_a_bone_without_length_is_named():
    capture = person()
    position = capture.position.copy()
    position[capture.joints.index("LeftLeg")] = position[capture.joints.index("LeftUpLeg")]
    with pytest.raises(HarlibError, match="left hip to left knee has no length"):
        retarget(replace(capture, position=position), Scene(), TIME)


@pytest.mark.parametrize("frames", [1, 3, 20])
def test_a_capture_that_is_too_short_is_refused(frames):
    capture = person()
    with pytest.raises(HarlibError, match=r"frames in .* s; 4 frames and 0.5 s"):
        retarget(replace(capture, position=capture.position[:, :, :frames]), Scene(), TIME)


def test_a_giant_is_refused():
    with pytest.raises(HarlibError, match="give --height"):
        retarget(person(unit_m=1000.0), Scene(), TIME)
    assert retarget(person(unit_m=1000.0), Scene(height_m=1.8), TIME).height_m == 1.8


def test_a_short_capture_stands_still_before_and_after():
    placed = retarget(person(2.0, velocity=(1.0, 0, 0)), Scene(), TIME)
    first, last = placed.span_s
    assert last - first == pytest.approx(2.0)
    assert (first + last) / 2 == pytest.approx((TIME[0] + TIME[-1]) / 2)
    hips = placed.place["lower trunk"][0][0]
    assert np.ptp(hips[first > TIME]) == 0
    assert np.ptp(hips[last < TIME]) == 0
    assert np.ptp(hips) == pytest.approx(2.0 * _scale(), rel=0.01)


def test_a_start_shifts_the_capture_and_one_beyond_its_end_is_refused():
    late = retarget(person(30, velocity=(1, 0, 0)), Scene(), TIME, start_s=5.0).place["lower trunk"][0][0]
    early = retarget(person(30, velocity=(1, 0, 0)), Scene(), TIME, start_s=3.0).place["lower trunk"][0][0]
    assert early - late == pytest.approx(2.0 * _scale())
    with pytest.raises(HarlibError, match="the capture has 12"):
        retarget(person(), Scene(), TIME, start_s=40.0)


def test_a_slow_capture_is_interpolated_without_steps():
    """A sine sampled 30 times a second comes back between the frames within a tenth of a millimetre."""
    capture = person(seconds=12)
    moments = np.arange(361) / 30
    position = np.repeat(capture.position[:, :, :1], 361, axis=2)
    wrist = capture.joints.index("LeftHand")
    position[wrist, 1] += 0.2 * np.sin(2 * np.pi * 1.0 * moments)
    slow = replace(capture, position=position, rate_hz=30.0)
    side = retarget(slow, Scene(), TIME, start_s=0.5).place["left hand"][0][1]
    expected = -(0.2 + 0.2 * np.sin(2 * np.pi * (TIME + 0.5))) * _scale()
    assert side - side.mean() == pytest.approx(expected - expected.mean(), abs=1e-4)


def test_a_walk_draws_its_line_in_the_rows_of_its_speed():
    parameters = Simulation(wall_reflection=0, floor_reflection=0)
    recording = simulate_capture(parameters, person(velocity=(1.5, 0, 0)), Scene(distance_m=3.0))
    assert recording.x.shape == (64, 64)
    assert recording.columns == (0, 64)
    # It ends at the distance; before, 3 to 18 m away, the hips' line is where 2 v / wavelength says.
    near = recording.x[:, 48:60].mean(axis=1)
    row_m_s = 299_792_458 / 24.125e9 / 2 * 1000 / 64
    assert (near.argmax() - 32) * row_m_s == pytest.approx(-1.5 * _scale(), abs=1.5 * row_m_s)


def test_the_same_seed_gives_the_same_picture():
    pictures = [simulate_capture(Simulation(), person(), Scene(), seed).x for seed in (3, 3, 4)]
    assert (pictures[0] == pictures[1]).all()
    assert (pictures[0] != pictures[2]).any()


def test_other_files_and_missing_skeletons_are_refused(tmp_path):
    with pytest.raises(HarlibError, match="C3D"):
        read(tmp_path / "a.c3d")
    with pytest.raises(HarlibError, match="--skeleton"):
        read(tmp_path / "a.amc")
    with pytest.raises(HarlibError, match="its own skeleton"):
        read(tmp_path / "a.bvh", tmp_path / "a.asf")


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="no motion captures in ../shared/data/mocap")
def test_real_captures_become_people_of_human_size():
    captures = [read(path) for path in CAPTURES.glob("*.bvh")]
    captures.append(read(CAPTURES / "cmu_02_01.amc", CAPTURES / "cmu_02.asf"))
    for capture in captures:
        placed = retarget(capture, Scene(), TIME)
        trunk = sum(np.linalg.norm(placed.place[f"{part} trunk"][1] - placed.place[f"{part} trunk"][0], axis=0).mean()
                    for part in ("lower", "middle", "upper"))  # fmt: skip
        assert 0.22 < trunk / placed.height_m < 0.40
        assert 1.5 < placed.height_m < 2.0
