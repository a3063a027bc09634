import numpy as np
import pytest

from harlib.radar.body import (
    DENSITY_KG_M3,
    FOREARM,
    HAND,
    NAMES,
    SEGMENTS,
    SHANK,
    THIGH,
    Motion,
    draw_body,
    ellipsoid_rcs,
    scatterers,
    skeleton,
)
from harlib.radar.gait import crouch


def person(height_m=1.75, mass_kg=70.0, female=False, spacing_m=0.08):
    return draw_body(np.random.default_rng(0), height_m, mass_kg, female=female, spacing_m=spacing_m)


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


def rcs_of(segment, motion, body=None, **seen):
    body = body or person()
    _, rcs = scatterers(body, skeleton(body, motion), **{"radar_height_m": 0.93, **seen})
    return rcs[body.segment == NAMES.index(segment)].sum(axis=0)


@pytest.mark.parametrize("female", [False, True])
def test_the_segments_weigh_what_the_person_weighs(female):
    assert sum(segment.women if female else segment.men for segment in SEGMENTS.values()) == pytest.approx(1, abs=1e-3)
    for mass in (50.0, 90.0):
        axes = person(mass_kg=mass, female=female).semi_axes_m
        assert 4 / 3 * np.pi * axes.prod(axis=1).sum() * DENSITY_KG_M3 == pytest.approx(mass, rel=1e-3)


def test_girths_are_a_persons():
    axes = dict(zip(NAMES, person().semi_axes_m, strict=True))
    assert 0.26 < 2 * axes["upper trunk"][1] < 0.44  # breadth
    assert 0.16 < 2 * axes["upper trunk"][0] < 0.30  # depth
    assert 0.12 < 2 * axes["left thigh"][0] < 0.24
    assert 0.07 < 2 * axes["left forearm"][0] < 0.12
    assert (person(mass_kg=100.0).semi_axes_m[:, :2] > person(mass_kg=60.0).semi_axes_m[:, :2]).all()


def test_ellipsoid_along_its_axes_and_as_a_sphere():
    a, b, c = 0.1, 0.15, 0.3
    for along, expected in zip(np.eye(3), ((b * c / a) ** 2, (a * c / b) ** 2, (a * b / c) ** 2), strict=True):
        assert ellipsoid_rcs(np.array([a, b, c]), along) == pytest.approx(np.pi * expected)
    direction = np.random.default_rng(0).standard_normal((3, 7))
    direction /= np.linalg.norm(direction, axis=0)
    np.testing.assert_allclose(ellipsoid_rcs(np.full((3, 1), 0.2), direction), np.pi * 0.2**2)


def test_scatterers_lie_on_their_ellipsoid():
    body, motion = person(), pose()
    place = skeleton(body, motion)
    position, rcs = scatterers(body, place, radar_height_m=1.0)
    assert position.shape == (3, body.segment.size, 3)
    assert (rcs > 0).all()
    for index, name in enumerate(NAMES):
        near, far, wide = place[name]
        axis = (far - near) / np.linalg.norm(far - near, axis=0)
        deep = np.cross(wide, axis, axis=0)
        offset = position[:, body.segment == index] - ((near + far) / 2)[:, None]
        parts = np.stack([(offset * side[:, None]).sum(axis=0) for side in (deep, wide, axis)])
        np.testing.assert_allclose(((parts / body.semi_axes_m[index][:, None, None]) ** 2).sum(axis=0), 1, atol=1e-3)


def test_without_spacing_each_segment_has_one_scatterer_in_its_middle():
    body = person(spacing_m=0.0)
    place = skeleton(body, pose())
    position, _ = scatterers(body, place, radar_height_m=1.0)
    middles = np.stack([(place[name][0] + place[name][1]) / 2 for name in NAMES], axis=1)
    np.testing.assert_allclose(position, middles, atol=1e-6)


def test_finer_spacing_shares_the_echo_and_does_not_add_to_it():
    def mean_echo(spacing):
        bodies = [draw_body(np.random.default_rng(i), 1.75, 70.0, female=False, spacing_m=spacing) for i in range(200)]
        return np.mean([rcs_of("left thigh", pose(), body)[0] for body in bodies])

    coarse, fine = mean_echo(0.2), mean_echo(0.05)
    assert fine == pytest.approx(coarse, rel=0.1)


def test_a_thigh_returns_more_from_its_side_than_from_its_end():
    hanging, raised = pose(), pose()
    raised.legs[:, 0, 0] = np.pi / 2  # points at the radar, at the hips' height
    echo = [rcs_of("left thigh", motion)[0] for motion in (hanging, raised)]
    assert 3 < echo[0] / echo[1] < 12  # a tenth is rough and comes at any angle


def test_a_trunk_returns_more_from_the_front_than_from_the_side():
    front, side = (rcs_of("middle trunk", pose(yaw=yaw), roughness=0.0)[0] for yaw in (np.pi, np.pi / 2))
    assert front / side == pytest.approx(1.4**4, rel=0.05)


def test_the_trunk_shadows_an_arm_right_behind_it_and_no_arm_beside_it():
    beside = pose()
    beside.arms[0, :, 1] = np.pi / 2  # stretched sideways
    for motion, least, most in ((beside, -0.5, 0.0), (pose(yaw=np.pi / 2), -20.0, -6.0)):
        # Who stands with the side to the radar hides one arm behind the trunk.
        hidden, seen = (rcs_of("right forearm", motion, shadow_db=db, radar_height_m=1.2) for db in (20.0, 0.0))
        assert least <= 10 * np.log10(hidden / seen)[0] <= most


def test_the_shadow_right_behind_the_trunk_is_as_deep_as_named():
    body, motion = person(), pose()
    place = skeleton(body, motion)
    middle = (place["lower trunk"][0] + place["upper trunk"][1]) / 2
    behind = middle + np.array([[0.5], [0.0], [0.0]])
    place["left hand"] = (
        behind - 0.05 * np.array([[0], [0], [1]]),
        behind + 0.05 * np.array([[0], [0], [1]]),
        np.array([[0.0], [1.0], [0.0]]) * np.ones(3),
    )
    of = body.segment == NAMES.index("left hand")
    hidden, seen = (
        scatterers(body, place, radar_height_m=float(middle[2, 0]), shadow_db=db)[1][of] for db in (15.0, 0.0)
    )
    np.testing.assert_allclose(10 * np.log10(hidden / seen), -15, atol=0.01)
