import numpy as np
import pytest
from captures import AMC, ASF, BVH
from scipy.spatial.transform import Rotation

from harlib.errors import HarlibError
from harlib.project import project_root
from harlib.radar.mocap import asf, bvh
from harlib.radar.mocap import capture as capture_file
from harlib.radar.mocap.capture import turn

CAPTURES = project_root().parent / "shared" / "data" / "mocap"


def write(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def acclaim(folder, skeleton=ASF, motion=AMC):
    return asf.read(write(folder, "s.asf", skeleton), write(folder, "m.amc", motion))


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_a_turn_is_scipys(axis):
    angles = np.array([-2.0, 0.3, 1.7])
    assert turn(axis, angles) == pytest.approx(Rotation.from_euler(axis, angles[:, None]).as_matrix(), abs=1e-12)


def test_a_bvh_leg_lies_where_the_hand_calculation_says(tmp_path):
    capture = bvh.read(write(tmp_path, "a.bvh", BVH))
    assert capture.joints == ("Hips", "Knee", "Knee end")
    assert capture.parents == (-1, 0, 1)
    assert capture.rate_hz == pytest.approx(100)
    assert capture.position[:, :, 0] == pytest.approx(np.array([[0, 10, 0], [0, 8, 0], [0, 7, 0]]))
    # A quarter about z turns down into +x; another quarter in the knee turns that up.
    assert capture.position[:, :, 1] == pytest.approx(np.array([[1, 10, 0], [3, 10, 0], [3, 11, 0]]))


def test_bvh_channels_turn_in_the_order_in_which_they_are_named(tmp_path):
    text = BVH.replace("1 10 0 90 0 0 90 0 0", "1 10 0 20 30 40 50 60 70")
    capture = bvh.read(write(tmp_path, "a.bvh", text))
    hips = Rotation.from_euler("ZXY", [20, 30, 40], degrees=True)  # intrinsic: the first is the outermost
    knee = hips * Rotation.from_euler("ZXY", [50, 60, 70], degrees=True)
    assert capture.position[1, :, 1] == pytest.approx(np.array([1, 10, 0]) + hips.apply([0, -2, 0]))
    assert capture.position[2, :, 1] - capture.position[1, :, 1] == pytest.approx(knee.apply([0, -1, 0]))


def test_an_acclaim_bone_turns_in_its_own_frame(tmp_path):
    capture = acclaim(tmp_path)
    assert capture.joints == ("root", "thigh", "shin")
    assert capture.unit_m == pytest.approx(0.0254 / 0.45)
    assert capture.position[:, :, 0] == pytest.approx(np.array([[0, 10, 0], [0, 8, 0], [0, 7, 0]]))
    frame = Rotation.from_euler("z", 30, degrees=True)
    root = Rotation.from_euler("xyz", [0, 0, 90], degrees=True)  # extrinsic: x first
    thigh = root * frame * Rotation.from_euler("xz", [40, -25], degrees=True) * frame.inv()
    assert capture.position[1, :, 1] == pytest.approx(np.array([1, 10, 0]) + thigh.apply([0, -2, 0]))
    assert capture.position[2, :, 1] - capture.position[1, :, 1] == pytest.approx(thigh.apply([0, -1, 0]))


def test_radians_and_degrees_are_one_movement(tmp_path):
    degrees = acclaim(tmp_path).position
    motion = AMC.replace(":DEGREES", ":RADIANS").replace("0 0 90", f"0 0 {np.pi / 2}")
    motion = motion.replace("40 -25", f"{np.deg2rad(40)} {np.deg2rad(-25)}")
    skeleton = ASF.replace("angle deg", "angle rad").replace("0 0 30", f"0 0 {np.deg2rad(30)}")
    assert acclaim(tmp_path, skeleton, motion).position == pytest.approx(degrees)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "BVH", "line 1: expected HIERARCHY"),
        ("MOTION", "}", "line 16: '}' is not expected"),
        ("  JOINT Knee", "  ROOT Knee", "line 6: ROOT out of place"),
        ("  JOINT Knee", "  JOINT", "without a name"),
        ("OFFSET 0 -2 0", "OFFSET 0 -2", "line 8: 2 numbers, expected 3"),
        ("OFFSET 0 -2 0", "OFFSET 0 nan 0", "line 8: nan is not within"),
        ("OFFSET 0 -2 0\n", "\n", "'Knee' has no OFFSET"),
        ("CHANNELS 3 Zrotation Xrotation Yrotation", "CHANNELS 2 Zrotation Xrotation Yrotation", "CHANNELS needs"),
        (
            "CHANNELS 3 Zrotation Xrotation Yrotation",
            "CHANNELS 2 Zrotation Xrotation",
            "line 19: 9 numbers, expected 8",
        ),
        ("CHANNELS 3 Zrotation Xrotation Yrotation", "CHANNELS 3 Zrotation Zrotation Yrotation", "CHANNELS needs"),
        ("Frames: 2", "Frames: 3", "2 frames, but line 17 promises 3"),
        ("Frames: 2", "Frames: 1e9", "1e9 is not within"),
        ("Frames: 2", "Frames: 0.5", "whole number"),
        ("Frame Time: 0.01", "Frame Time: 0", "Frame Time: 0 s"),
        ("Frame Time: 0.01", "Time 0.01", "expected `Frames"),
        ("1 10 0 90", "1 10 0 inf", "line 20: inf is not within"),
        ("1 10 0 90", "1 10 0 1e300", "line 20: 1e300 is not within"),
        ("1 10 0 90", "1 10 0 ninety", "line 20: 'ninety' is no number"),
    ],
)
def test_a_broken_bvh_file_is_named_with_its_line(tmp_path, old, new, message):
    assert old in BVH
    path = write(tmp_path, "a.bvh", BVH.replace(old, new, 1))
    with pytest.raises(HarlibError) as caught:
        bvh.read(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (":root", ":nothing", "no :root"),
        ("length 2", "length", "line 21: a bone without length"),
        ("length 2", "length x", "'x' is no number"),
        ("direction 0 -1 0", "direction 0 -1", "2 numbers, expected 3"),
        ("30 XYZ", "30 XXZ", "axis order 'xxz'"),
        ("dof rx rz", "dof rx l", "dof rx l"),
        ("name shin", "name thigh", "'thigh' is there twice"),
        ("thigh shin", "thigh shoe", "cannot hold 'shoe'"),
        ("    root thigh\n    thigh shin", "    shin thigh\n    thigh shin", "in a circle"),
        ("length 0.45", "length 0", "unit length 0"),
    ],
)
def test_a_broken_skeleton_is_named(tmp_path, old, new, message):
    assert old in ASF
    with pytest.raises(HarlibError) as caught:
        acclaim(tmp_path, skeleton=ASF.replace(old, new, 1))
    assert message in str(caught.value)
    assert "s.asf" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("thigh 40 -25\n", "", "frame 2 ends without bone 'thigh'"),
        ("thigh 40 -25", "thigh 40", "line 9: 1 numbers, expected 2"),
        ("thigh 40 -25", "thigh 40 nan", "line 9: nan"),
        ("thigh 40 -25", "toe 40 -25", "'toe' is no moving bone"),
        ("thigh 40 -25", "shin 40", "'shin' is no moving bone"),
        ("root 1 10", "thigh 0 0\nthigh 0 0\nroot 1 10", "'thigh' twice in frame 2"),
        ("\n1\n", "\n", "line 4: 'root' is no moving bone"),
        (AMC, "", "no frames"),
    ],
)
def test_a_broken_movement_is_named(tmp_path, old, new, message):
    assert old in AMC
    with pytest.raises(HarlibError) as caught:
        acclaim(tmp_path, motion=AMC.replace(old, new, 1))
    assert message in str(caught.value)
    assert "m.amc" in str(caught.value)


@pytest.mark.parametrize("cut", range(0, len(BVH) - 22, 7))
def test_a_bvh_file_cut_short_is_refused(tmp_path, cut):
    with pytest.raises(HarlibError, match=r"a\.bvh"):
        bvh.read(write(tmp_path, "a.bvh", BVH[:cut]))


@pytest.mark.parametrize("content", [b"", b"\0\1\2", b"\xff\xfe\xfa" * 99, np.random.default_rng(0).bytes(5000)])
def test_garbage_is_refused_by_every_reader(tmp_path, content):
    path = write(tmp_path, "g", content)
    with pytest.raises(HarlibError, match="g"):
        bvh.read(path)
    with pytest.raises(HarlibError, match="g"):
        asf.read(path, write(tmp_path, "m.amc", AMC))
    with pytest.raises(HarlibError, match="g"):
        asf.read(write(tmp_path, "s.asf", ASF), path)


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = write(tmp_path, "a.bvh", BVH)
    monkeypatch.setattr(capture_file, "MAX_POSITIONS", 5)
    with pytest.raises(HarlibError, match="3 joints, 2 frames"):
        bvh.read(path)
    monkeypatch.setattr(capture_file, "MAX_JOINTS", 1)
    with pytest.raises(HarlibError, match="2 joints"):
        bvh.read(path)
    monkeypatch.setattr(capture_file, "MAX_BYTES", 0)
    with pytest.raises(HarlibError, match="above 0 MiB"):
        bvh.read(path)
    with pytest.raises(HarlibError, match="cannot be read"):
        bvh.read(tmp_path / "none.bvh")


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="no motion captures in ../shared/data/mocap")
def test_bones_of_real_captures_keep_their_length():
    files = [bvh.read(path) for path in CAPTURES.glob("*.bvh")]
    files.append(asf.read(CAPTURES / "cmu_02.asf", CAPTURES / "cmu_02_03.amc"))
    assert len(files) > 1
    for capture in files:
        for child, parent in enumerate(capture.parents):
            if parent >= 0:
                bone = np.linalg.norm(capture.position[child] - capture.position[parent], axis=0)
                assert np.ptp(bone) < 1e-6 * max(1, bone.mean())
