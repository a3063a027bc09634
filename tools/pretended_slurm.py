"""A cluster for tools/scale.py that has no nodes: python tools/pretended_slurm.py sbatch|squeue|scontrol|sinfo ...

`sbatch` leaves the files that the jobs of a sweep would leave, empty, and says that all went well; so what is left to
measure is Snakemake's own time. The file that PRETENDED_JOBS names holds what squeue says.
"""

import os
import re
import sys


def submit(arguments: list[str]) -> str:
    """Do as sbatch does with a command of Snakemake; gives the job's number."""
    folder, wrapped = arguments[arguments.index("-D") + 1], arguments[-1]
    targets = wrapped[wrapped.index("--target-jobs") : wrapped.index("--allowed-rules")]
    for kind, key in re.findall(r"([\w-]+):key=([0-9a-f]+)", targets):
        # harlib.sweeps.graph.marker says the same, but its import takes longer than all the rest.
        own = {"data": "data.npz", "run": "metrics.csv"}.get(kind, f"stages/{kind}.json")
        path = f"{folder}/{kind}/{key}/{own}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w").close()
    with open(os.environ["PRETENDED_JOBS"], "a+") as jobs:
        jobs.seek(0)
        number = sum(1 for _ in jobs) + 1
        jobs.write(f"{number}|COMPLETED\n")
    return str(number)


def main() -> None:
    """Run as a program."""
    name, *arguments = sys.argv[1:]
    if name == "sbatch":
        print(submit(arguments))
    elif name == "squeue" and os.path.exists(os.environ["PRETENDED_JOBS"]):
        with open(os.environ["PRETENDED_JOBS"]) as jobs:
            print(jobs.read(), end="")
    elif name == "scontrol":
        print("MinJobAge = 3600 sec")


if __name__ == "__main__":
    main()
