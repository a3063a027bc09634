"""The jobs of a sweep: equal beginnings are shared, and a name holds all that a result depends on."""

from harlib.sweeps import graph
from sweeps.examples import TWO, graph_of, kinds, write


def test_data_and_float_networks_are_shared(tmp_path):
    _, _, jobs = graph_of(write(tmp_path, TWO))
    assert kinds(jobs.jobs) == {"data": 1, "fp32": 2, "qat": 4, "run": 4, "ternary-ptq-bn": 4}
    alone = {name.split("/")[0] for name, held in jobs.jobs.items() if held["group"] is None}
    assert alone == {"data", "fp32"}
    assert len({held["group"] for held in jobs.jobs.values()} - {None}) == 4


def test_jobs_of_one_run_follow_each_other(tmp_path):
    _, _, jobs = graph_of(write(tmp_path, TWO))
    for name, held in jobs.jobs.items():
        inside = [other for other in jobs.jobs if held["group"] and jobs.jobs[other]["group"] == held["group"]]
        place = inside.index(name) if inside else 0
        assert not inside or not place or graph.marker(inside[place - 1]) in held["needs"] + held["after"]


def test_what_is_varied_late_shares_more(tmp_path):
    grid = {"threshold": [0.5, 0.9], "sparsity": [0.5, 0.6, 0.7]}
    _, _, jobs = graph_of(write(tmp_path, TWO | {"grid": grid, "stages": ["sparse"], "seeds": [0]}))
    assert kinds(jobs.jobs) == {"data": 1, "fp32": 1, "qat": 2, "run": 6, "sparse": 6}


def test_another_physics_is_another_data_set_and_another_seed_is_not(tmp_path):
    grid = {"adc_bits": [8, 12]}
    _, _, jobs = graph_of(write(tmp_path, TWO | {"grid": grid}))
    assert kinds(jobs.jobs) == {"data": 2, "fp32": 4, "qat": 4, "run": 4, "ternary-ptq-bn": 4}


def test_more_points_leave_the_names_of_the_others(tmp_path):
    _, _, before = graph_of(write(tmp_path, TWO))
    _, _, after = graph_of(write(tmp_path, TWO | {"grid": {"threshold": [0.1, 0.5, 0.9]}}))
    assert set(before.jobs) < set(after.jobs)
    assert kinds(set(after.jobs) - set(before.jobs)) == {"qat": 2, "run": 2, "ternary-ptq-bn": 2}


def test_code_of_a_stage_is_part_of_its_name_and_of_those_after_it(tmp_path, monkeypatch):
    _, _, before = graph_of(write(tmp_path, TWO))
    code = graph._code
    monkeypatch.setattr(graph, "_code", lambda kind: "changed" if kind == "ternary-ptq-bn" else code(kind))
    _, _, after = graph_of(write(tmp_path, TWO))
    assert kinds(set(after.jobs) - set(before.jobs)) == {"run": 4, "ternary-ptq-bn": 4}
