import numpy as np
import pytest

from harlib.radar.body import FOREARM, HAND, SEGMENTS, SHANK, THIGH, Body, Motion, ellipsoid_rcs, scatterers, skeleton
from harlib.radar.gait import crouch

POINTS = sum(segment.scatterers for segment in SEGMENTS.values())


def person(height_m=1.75):
    return Body(height_m, np.ones(POINTS, dtype=np.float32))


def pose(count=3, height_m=1.75, yaw=np.pi):
    root = np.array([[3.0], [0.0], [0.53 * height_m]]) * np.ones(count)
    return Motion(
        root, np.full(count, yaw), np.zeros((2, 2, count)), np.zeros((2, 2, 2, count)), np.zeros((2, 2, 2, count))
    )


def test_a_person_who_stands_is_as_tall_as_they_are():
    place = skeleton(person(), pose())
    assert place["head"][1][2] == pytest.approx(1.75, abs=1e-6)
    assert place["left foot"][0][2] == pytest.approx(0.039 * 1.75, abs=1e-6)  # the ankle
    assert place["left shank"][1] == pytest.approx(place["left foot"][0])


def test_left_and_right_mirror_each_other():
    place = skeleton(person(), pose())
    for name in ("hand", "foot", "thigh"):
        left, right = place[f"left {name}"][1], place[f"right {name}"][1]
        np.testing.assert_allclose(left * np.array([[1], [-1], [1]]), right, atol=1e-6)
    assert (place["left hand"][1][1] < 0).all()  # who faces the radar has the left hand at its right


def test_segments_keep_their_length_whatever_the_angles():
    rng = np.random.default_rng(0)
    motion = pose(50)
    for angles in (motion.trunk, motion.arms, motion.legs):
        angles[:] = rng.uniform(-2, 2, angles.shape)
    place = skeleton(person(), motion)
    for name, fraction in (("thigh", THIGH), ("shank", SHANK), ("forearm", FOREARM), ("hand", HAND)):
        near, far, _ = place[f"right {name}"]
        np.testing.assert_allclose(np.linalg.norm(far - near, axis=0), fraction * 1.75, rtol=1e-5)


def test_flexion_goes_forward_and_abduction_sideways():
    motion = pose()
    motion.arms[0, :, 0] = np.pi / 2
    motion.arms[1, :, 1] = np.pi / 2
    place = skeleton(person(), motion)
    assert (place["left hand"][1][0] < 2.5).all()  # toward the radar
    assert (place["right hand"][1][1] > 0.8).all()


def test_bending_forward_moves_the_head_forward():
    motion = pose()
    motion.trunk[:, 0] = 0.5
    assert (skeleton(person(), motion)["head"][1][0] < 2.8).all()


def test_crouching_leaves_the_ankles_in_place():
    motion = pose()
    before = skeleton(person(), motion)["left shank"][1].copy()
    crouch(motion, np.array([0.05, 0.1, 0.2]), 1.75)
    np.testing.assert_allclose(skeleton(person(), motion)["left shank"][1], before, atol=1e-2)
    assert motion.root[2, 2] < motion.root[2, 0]


def test_ellipsoid_from_the_side_from_the_end_and_as_a_sphere():
    assert ellipsoid_rcs(0.1, 0.3, np.array([0.0]))[0] == pytest.approx(np.pi * 0.3**2)
    assert ellipsoid_rcs(0.1, 0.3, np.array([1.0]))[0] == pytest.approx(np.pi * 0.1**4 / 0.3**2)
    np.testing.assert_allclose(ellipsoid_rcs(0.2, 0.2, np.linspace(-1, 1, 7)), np.pi * 0.2**2)


def test_scatterers_lie_in_their_segment_and_share_its_echo():
    motion = pose()
    place = skeleton(person(), motion)
    for name, position, rcs in scatterers(person(), motion, 1.0, 0.1):
        near, far, wide = place[name]
        assert position.shape == (3, SEGMENTS[name].scatterers, 3)
        centre = position.mean(axis=1)
        np.testing.assert_allclose(centre, (near + far) / 2, atol=1e-5)
        offset = position - centre[:, None]
        off_plane = offset - (offset * wide[:, None]).sum(axis=0) * wide[:, None]
        reach = np.linalg.norm(far - near, axis=0) / 2
        assert (np.linalg.norm(off_plane, axis=0) <= reach + 1e-5).all()
        np.testing.assert_allclose(rcs, rcs[:1] * np.ones_like(rcs), rtol=1e-6)


def test_a_thigh_returns_more_from_its_side_than_from_its_end():
    hanging, raised = pose(), pose()
    raised.legs[:, 0, 0] = np.pi / 2  # points at the radar, at the hips' height
    echo = [
        sum(rcs.sum() for name, _, rcs in scatterers(person(), motion, 0.93, 0.1) if name == "left thigh")
        for motion in (hanging, raised)
    ]
    assert 3 < echo[0] / echo[1] < 10  # a tenth is rough and comes at any angle
