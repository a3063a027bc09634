"""Motion captures in place of simulated movement: readers of BVH and ASF/AMC, and the way from their joints to a body.

C3D is not read: it holds markers on the skin, and finding joints from them is a study of its own.
"""
