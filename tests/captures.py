"""Small motion captures as text: two frames of a thigh and a shin."""

BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Knee
  {
    OFFSET 0 -2 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 -1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.01
0 10 0 0 0 0 0 0 0
1 10 0 90 0 0 90 0 0
"""

ASF = """:version 1.10
:units
  mass 1.0
  length 0.45
  angle deg
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name thigh
    direction 0 -1 0
    length 2
    axis 0 0 30 XYZ
    dof rx rz
    limits (-160 20)
           (-70 70)
  end
  begin
    id 2
    name shin
    direction 0 -1 0
    length 1
    axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root thigh
    thigh shin
  end
"""
AMC = """#!OML:ASF
:FULLY-SPECIFIED
:DEGREES
1
root 0 10 0 0 0 0
thigh 0 0
2
root 1 10 0 0 0 90
thigh 40 -25
"""
