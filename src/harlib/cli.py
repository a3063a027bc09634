"""The command line: `harlib run` and the rest; `harlib --help` lists them."""

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

    run.add_argument("--dry-run", action="store_true", help="say which notebooks would run and why; do nothing")

    more = commands.add_parser("extended", help="run or resume a plan of seeds, sweeps and ablations")
    more.add_argument("plan", type=Path, nargs="?", default=Path("config/extended.yml"), help="config/extended.yml")
    more.add_argument("--run", help="name of the folder under runs/ (default: the file's name)")
    more.add_argument("--workers", type=int, default=2, help="networks trained at a time (default: 2)")
    more.add_argument("--tables", action="store_true", help="train nothing, only write the tables of what is finished")
    more.add_argument(
        "--publish", action="store_true", help="then copy the tables to reference/, to a folder of the run's name"
    )

    sweep = commands.add_parser("sweep", help="run, extend or continue a sweep of parameters")
    sweep.add_argument("name", help="of a file in config/sweeps/, without .yml")
    sweep.add_argument("--cores", type=int, default=2, help="of this machine, for all jobs together (default: 2)")
    sweep.add_argument("--workers", type=int, default=1, help="folds that a job trains at a time (default: 1)")
    sweep.add_argument("--profile", type=Path, help="of a cluster, such as workflow/profiles/slurm")
    sweep.add_argument(
        "--tables", action="store_true", help="run nothing, only write table and page of what is finished"
    )

    _add_import(commands)
    predict = commands.add_parser("predict", help="classify spectrograms or I/Q with an integer model; needs no torch")
    predict.add_argument("input", type=Path, nargs="+", help="files of any format that `harlib import` takes")
    predict.add_argument("--model", type=Path, help="integer model (default: the published study's, of fold 1)")
    predict.add_argument("--scale", type=_scale, default=(0.0, 1.0), metavar="LOW,STEP", help="as import printed it")
    predict.add_argument("--json", action="store_true", help="print JSON in place of a table")
    predict.add_argument("--draw", type=Path, metavar="DIR", help="write a picture a spectrogram, with its logits")
    _add_format(predict)

    simulate = commands.add_parser("simulate", help="one spectrogram, of a drawn trial or a motion capture; no torch")
    simulate.add_argument("--mocap", type=Path, help="capture that moves the body: .bvh, or .amc with --skeleton")
    simulate.add_argument("--skeleton", type=Path, help="skeleton of an .amc file: .asf")
    simulate.add_argument("--rate", type=float, help="frames a second of an .amc file (default: 120)")
    simulate.add_argument("--start", type=float, help="second of the capture to begin with (default: centre it)")
    simulate.add_argument("--distance", type=float, default=3.0, help="nearest approach of the hips, m (default: 3)")
    simulate.add_argument("--aspect", type=float, default=0.0, help="facing away from the radar, degrees (default: 0)")
    simulate.add_argument("--height", type=float, help="of the captured person, m (default: the file's unit, or 1.75)")
    simulate.add_argument("--up", choices=["x", "y", "z"], help="the capture's vertical axis (default: found)")
    simulate.add_argument("--activity", default="jogging", help="class to simulate where there is no --mocap")
    simulate.add_argument("--subject", type=int, default=0, help="number of the simulated person")
    simulate.add_argument("--seed", type=int, default=0, help="of all draws")
    simulate.add_argument("--out", type=Path, required=True, help="file to write: .npy, .npz or .png")

    exporter = commands.add_parser("export", help="write an integer model as code for another engine; needs no torch")
    exporter.add_argument(
        "engine",
        choices=["c", "onnx", "qonnx"],
        help="c: C99 without library, heap or floating point; onnx: standard operators; qonnx: for FINN and hls4ml",
    )
    exporter.add_argument("model", type=Path, help="integer model, such as reference/published/models/fold0.json")
    exporter.add_argument("--out", type=Path, required=True, help="folder to write to (c), or file")
    exporter.add_argument(
        "--backend",
        choices=["compact", "fast", "packed"],
        default="compact",
        help="of c, weights as data, code, or code for microcontrollers",
    )

    verify = commands.add_parser("verify", help="recompute the hashes of a run's manifest; status 1 where one misfits")
    verify.add_argument("path", type=Path, metavar="RUN", help="the run's folder, such as runs/published")

    compare = commands.add_parser("compare", help="a run beside the published one: differences, and what was changed")
    compare.add_argument("run", help="name of the folder under runs/")
    compare.add_argument("--reference", default="reference/published", help="folder of the run to compare with")

    publish = commands.add_parser("publish-reference", help="copy a run's small files to reference/published")
    publish.add_argument("--run", default="published", help="name of the folder under runs/")

    options = parser.parse_args(arguments)
    try:
        if options.command == "run":
            from harlib import driver

            return driver.run_study(options.config, options.run, options.workers, options.dry_run)
        if options.command == "extended":
            return _extended(options)
        if options.command == "sweep":
            from harlib.sweeps import driver as sweeps

            return sweeps.sweep(options.name, options.cores, options.workers, options.profile, options.tables)
        if options.command == "verify":
            return _verify(options.path)
        if options.command == "import":
            _import(options)
        elif options.command == "predict":
            _predict(options)
        elif options.command == "simulate":
            from harlib import single
            from harlib.radar.mocap.retarget import Scene

            single.simulate_file(
                options.out,
                mocap=options.mocap,
                skeleton=options.skeleton,
                rate_hz=options.rate,
                start_s=options.start,
                scene=Scene(options.distance, options.aspect, options.height, options.up),
                activity=options.activity,
                subject=options.subject,
                seed=options.seed,
            )
        elif options.command == "export" and options.engine == "c":
            from harlib.integer.c import export as c_export

            c_export.export_file(options.model, options.out, options.backend)
        elif options.command == "export":
            from harlib.integer.onnx import export as onnx_export

            onnx_export.export_file(options.model, options.out, options.engine)
        elif options.command == "compare":
            from harlib import compare as comparison

            comparison.compare(options.run, options.reference)
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


def _verify(run: Path) -> int:
    from harlib import verify

    checks = verify.verify(run)
    print(verify.report(checks))
    return int(any(check.misfits for check in checks))


def _scale(text: str) -> tuple[float, float]:
    low, step = text.split(",")  # one word, since a low like -1e-05 by itself would pass for an option
    return float(low), float(step)


def _add_format(command: argparse.ArgumentParser) -> None:
    command.add_argument("--iq", type=Path, metavar="YAML", help="files hold I/Q samples: their carrier and pulse rate")
    command.add_argument("--transpose", action="store_true", help="spectrograms are time by Doppler")


def _add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    own = commands.add_parser("import", help="make the study's data set of own recordings")
    own.add_argument("path", type=Path, help="folder of recordings, or one .npz file with x, y, group, classes")
    own.add_argument("--out", type=Path, required=True, help="such as data/own.npz")
    groups = own.add_mutually_exclusive_group()
    groups.add_argument("--layout", choices=("class/subject", "subject/class"), default="class/subject")
    groups.add_argument("--groups", type=Path, metavar="CSV", help="columns file and group; folders are by class only")
    groups.add_argument("--no-groups", action="store_true", help="nobody knows who is seen: folds may share people")
    own.add_argument("--folds", type=int, default=5, help="of the study, to check that groups suffice")
    _add_format(own)


def _extended(options: argparse.Namespace) -> int:
    from harlib.extended import run, tables
    from harlib.project import project_root

    folder = project_root() / "runs" / (options.run or options.plan.stem)
    if not options.tables:
        run.run(options.plan, folder, options.workers)
    tables.write(options.plan, folder)
    if options.publish:
        tables.publish(folder)
    return 0


def _import(options: argparse.Namespace) -> None:
    from harlib import data
    from harlib.importing import iq, recordings, summary

    found = recordings.gather(
        options.path,
        layout=options.layout,
        table=options.groups,
        no_groups=options.no_groups,
        form=iq.load(options.iq) if options.iq else None,
        transpose=options.transpose,
    )
    made = recordings.dataset(found)
    print("\n".join(summary.lines(found, made, options.folds)))
    data.save(options.out, made)
    print(f"{options.out} is written: name it as data_file in a copy of config/own-data.yml")


def _predict(options: argparse.Namespace) -> None:
    from harlib import prediction
    from harlib.importing import iq
    from harlib.integer import model

    found = prediction.predict(
        model.load(options.model or prediction.PUBLISHED),
        options.input,
        form=iq.load(options.iq) if options.iq else None,
        transpose=options.transpose,
        scale=options.scale,
    )
    print(prediction.as_json(found) if options.json else prediction.table(found))
    if options.draw:
        prediction.draw(found, options.draw)
