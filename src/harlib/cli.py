"""The command line: `harlib run`, `harlib predict`, `harlib export`, `harlib publish-reference`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harlib.errors import HarlibError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; an error of the user's is one line on stderr and exit status 1."""
    parser = argparse.ArgumentParser(prog="harlib", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    run = commands.add_parser("run", help="run the study with the parameters of a YAML file")
    run.add_argument("config", type=Path, help="such as config/published.yml")
    run.add_argument("--run", help="name of the folder under runs/ (default: the file's name)")
    run.add_argument("--workers", type=int, help="folds a notebook trains at a time (default: parameter workers)")

    predict = commands.add_parser("predict", help="classify raw spectrograms with an integer model; needs no torch")
    predict.add_argument("model", type=Path, help="integer model, such as reference/published/models/fold0.json")
    predict.add_argument("input", type=Path, help=".npy file of raw log magnitudes [n, 64, 64] or [64, 64]")

    exporter = commands.add_parser("export", help="write an integer model as code for another engine; needs no torch")
    exporter.add_argument("engine", choices=["c"], help="c: C99 without library, heap or floating point")
    exporter.add_argument("model", type=Path, help="integer model, such as reference/published/models/fold0.json")
    exporter.add_argument("--out", type=Path, required=True, help="folder to write to")
    exporter.add_argument("--backend", choices=["compact", "fast"], default="compact", help="weights: data, or code")

    publish = commands.add_parser("publish-reference", help="copy a run's small files to reference/published")
    publish.add_argument("--run", default="published", help="name of the folder under runs/")

    options = parser.parse_args(arguments)
    try:
        if options.command == "run":
            from harlib import driver

            return driver.run_study(options.config, options.run, options.workers)
        if options.command == "predict":
            from harlib import prediction

            prediction.predict_file(options.model, options.input)
        elif options.command == "export":
            from harlib.integer.c import export

            export.export_file(options.model, options.out, options.backend)
        else:
            from harlib import reference

            reference.publish(options.run)
    except HarlibError as error:
        print(f"harlib: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"harlib: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("harlib: stopped; the same command goes on where it stopped", file=sys.stderr)
        return 130
    return 0
