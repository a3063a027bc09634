"""Sweeps: the stages of the study at many points of its parameters, each with several training seeds.

    parameters: {name: value, ...}              # of all points, where they differ from the published study
    grid: {name: [value, ...], ...}             # every combination is a point; or a list of points:
    points: [{name: value, ...}, ...]
    seeds: [0, 1, 2]                            # of training; the people stay the same, whatever the seed
    stages: [qat, pruned]                       # what the table shows; the stages before them run as well

A point with a seed is a run. The result of a stage is named by the hash of all that it depends on: parameters, data,
code, lock, and the stage before. So runs that agree so far share it, it is computed once, and a sweep that was
stopped, or got more points, goes on. Snakemake does the work, on one machine or on a cluster.
"""
