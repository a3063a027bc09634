"""A SLURM cluster of one node in a temporary folder: `with cluster() as environment:`, then it is gone.

As a program it runs a command inside one: python tests/slurm/cluster.py squeue. It needs Debian's slurm-wlm and munge
(tools/system-packages.sh slurm) and has to be root, as slurmd has to; neither systemd nor an account is used.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
CONF = """
ClusterName=harlib
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobRequeue=1
MinJobAge=3600
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str | None:
    """Say why no cluster can be set up here, or None."""
    if lost := [name for name in PROGRAMS if not shutil.which(name, path=_path())]:
        return f"no {', '.join(lost)}: tools/system-packages.sh slurm installs SLURM on Debian"
    return None if os.geteuid() == 0 else "slurmd has to be root"


@contextmanager
def cluster(cpus: int = 2) -> Iterator[dict[str, str]]:
    """Set up a cluster and take it down again; gives the environment in which its commands find it.

    Args:
        cpus: that the node says it has; it need not have them.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))  # short, for a socket's name has 107 characters
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        for name in ("state", "spool"):
            (folder / name).mkdir()
        ports = [_free_port() for _ in range(2)]
        values = {"host": socket.gethostname(), "controller": ports[0], "node": ports[1]}
        (folder / "slurm.conf").write_text(CONF.format(**values, folder=folder, cpus=cpus))
        (folder / "munge.key").write_bytes(os.urandom(1024))
        (folder / "munge.key").chmod(0o600)
        conf = folder / "slurm.conf"
        (folder / "bin").mkdir()  # Snakemake's job step starts srun without SLURM_CONF
        (folder / "bin" / "srun").write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun")} "$@"\n')
        (folder / "bin" / "srun").chmod(0o755)
        environment = {**os.environ, "SLURM_CONF": str(conf), "PATH": f"{folder / 'bin'}{os.pathsep}{_path()}"}
        own = [
            f"--{name}={folder}/munge.{end}"
            for name, end in (("socket", "socket"), ("key-file", "key"), ("pid-file", "pid"), ("seed-file", "seed"))
        ]
        for command in (
            ["munged", "--foreground", *own, f"--log-file={folder}/munge.log"],
            ["slurmctld", "-D", "-f", str(conf)],
            ["slurmd", "-D", "-N", "node1", "-f", str(conf)],
        ):
            log = stack.enter_context((folder / f"{command[0]}.out").open("w"))
            daemon = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            stack.callback(_stop, daemon)
            if command[0] == "munged":
                _wait_for((folder / "munge.socket").exists, daemon, folder)
        _wait_for(lambda: "idle" in _sinfo(environment), daemon, folder)
        stack.callback(_cancel, environment)
        yield environment


def _path() -> str:
    return os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _sinfo(environment: dict[str, str]) -> str:
    command = ["sinfo", "--noheader", "--format=%T"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def _wait_for(ready, daemon: subprocess.Popen, folder: Path, seconds: float = 120) -> None:
    """Wait until `ready()`; a daemon that ends meanwhile is an error with the daemons' last words."""
    end = time.monotonic() + seconds
    while not ready():
        if daemon.poll() is not None or time.monotonic() > end:
            said = "\n".join(path.read_text()[-1000:] for path in [*folder.glob("*.out"), *folder.glob("munge.log")])
            raise RuntimeError(f"{daemon.args[0]} is not ready: {said}")
        time.sleep(0.2)


def _cancel(environment: dict[str, str]) -> None:
    subprocess.run(["scancel", "--user=root"], env=environment, check=False)
    for _ in range(100):
        left = subprocess.run(["squeue", "--noheader"], env=environment, capture_output=True, text=True, check=False)
        if not left.stdout.strip():
            return
        time.sleep(0.2)


def _stop(daemon: subprocess.Popen) -> None:
    daemon.terminate()
    try:
        daemon.wait(timeout=30)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


if __name__ == "__main__":
    if reason := missing():
        sys.exit(reason)
    with cluster() as inside:
        sys.exit(subprocess.run(sys.argv[1:], env=inside, check=False).returncode)
