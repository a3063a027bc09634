# The jobs of a sweep. `harlib sweep` writes plan.json and calls this with the sweep's folder as the working directory.
# A job's name holds the hash of all that its result depends on, so a file that is there is up to date.
import json
import shlex
import sys
from pathlib import Path

PLAN = json.loads(Path("plan.json").read_text())
JOBS = PLAN["jobs"]
# Jobs die with Snakemake even when it is killed; macOS has no setpriv.
SETPRIV = "setpriv --pdeathsig KILL " if config["setpriv"] else ""
MARKERS = {
    "data": "data/{key}/data.npz",
    **{stage: f"{stage}/{{key}}/stages/{stage}.json" for stage in PLAN["stages"]},
    "run": "run/{key}/metrics.csv",
}


wildcard_constraints:
    key="[0-9a-f]+",


def of(kind, what):
    return lambda wildcards: JOBS[f"{kind}/{wildcards.key}"][what]


def following(kind):
    return lambda wildcards: [ancient(path) for path in JOBS[f"{kind}/{wildcards.key}"]["after"]]


localrules:
    all,


rule all:
    input:
        [MARKERS["run"].format(key=name.removeprefix("run/")) for name in PLAN["results"]],


for kind, marker in MARKERS.items():

    rule:
        name:
            kind
        input:
            of(kind, "needs"),
            after=following(kind),
        output:
            marker,
        log:
            f"logs/{kind}-{{key}}.txt",
        group:
            of(kind, "group")
        threads: config["workers"]
        params:
            job=f"{kind}/{{key}}",
        shell:
            SETPRIV + f"{shlex.quote(sys.executable)} -m harlib.sweeps.job {{params.job}} --workers {{threads}} > {{log}} 2>&1"
