"""Time of the published data set by part: python tools/bench_simulation.py. Start-up of the workers counts."""

import cProfile
import pstats
import resource
import time

from harlib.parameters import Parameters
from harlib.radar import simulate_subject
from harlib.simulation import simulate

if __name__ == "__main__":
    parameters = Parameters()
    for run in ("workers start", "workers run"):
        start = time.perf_counter()
        samples = len(simulate(parameters))
        print(f"{samples} spectrograms, {parameters.workers} workers, {run}: {time.perf_counter() - start:.1f} s")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    simulate_subject(parameters, 0, 0, 5)
    profile = cProfile.Profile()
    profile.runcall(simulate_subject, parameters, 0, 1, parameters.trials)
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(12)
