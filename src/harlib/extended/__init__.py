"""The extended study: the same stages with other seeds and parameters, planned in one YAML file.

    title: {seeds: [0, 1], folds: [0, 1, 2], stages: [qat, pruned], points: {name: {parameter: value, ...}, ...}}

A table is a title with points; each point is the published study with a few parameters changed, on the given training
seeds and folds. The data are one data set and one fresh test set, whatever the training seed. Chains of stages run in
the plan's order, most important first; a stage that several points share is trained once, and what is finished is
found again, so a run that was stopped goes on. Results become small tables and a manifest, which also says what the
plan holds and the run does not.
"""
