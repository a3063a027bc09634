"""Time of the published data set by part: python tools/bench_simulation.py.

Wall time with the start of the workers, processor time of all processes (which a busy machine stretches less), peak
memory, and where one process spends its time.
"""

import cProfile
import pstats
import resource
import time

from joblib.externals.loky import get_reusable_executor

from harlib.parameters import Parameters
from harlib.radar import simulate_subject
from harlib.simulation import simulate


def processor_s() -> float:
    """User and system time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    parameters = Parameters()
    wall, processor = time.perf_counter(), processor_s()
    samples = len(simulate(parameters))
    wall = time.perf_counter() - wall
    get_reusable_executor().shutdown(wait=True)  # only then its workers' time is known
    spent = f"{wall:.1f} s, {processor_s() - processor:.1f} s of processor time"
    print(f"{samples} spectrograms, {parameters.workers} workers with their start: {spent}")
    peaks = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print("peak memory of this process and of the largest worker: {:.0f} and {:.0f} MiB".format(*peaks))
    simulate_subject(parameters, 0, 0, 5)
    profile = cProfile.Profile(time.process_time)
    profile.runcall(simulate_subject, parameters, 0, 1, parameters.trials)
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(16)
