"""The command line of the benchmarks; `Benchmarks/run` builds what it needs and starts it."""

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness import table
from harness.bench import Bench, Options, machine, say
from harness.broker import Broker
from harness.parts import flat, latency, ledgers, micro, pool, replay, throughput
from harness.programs import Failure
from harness.results import Part, Results, load

REPOSITORY = Path(__file__).resolve().parents[2]

# In the order in which they run.
PARTS: dict[str, Callable[[Bench, Part], None]] = {
    "micro": micro.run,
    "throughput": throughput.run,
    "latency": latency.run,
    "pool": pool.run,
    "ledgers": ledgers.run,
    "replay": replay.run,
    "flat": flat.run,
}
# It takes long, and runs only by name.
BY_NAME_ONLY = {"flat"}

_BEGIN, _END = "<!-- figures: Benchmarks/run --into replaces them -->", "<!-- end of figures -->"

_FULL = Options(rounds=5, messages=50_000, flat_messages=10_000_000, sizes=(10_000, 1_000_000, 10_000_000),
                letters=100_000, is_quick=False)
_QUICK = Options(rounds=1, messages=5_000, flat_messages=100_000, sizes=(10_000, 100_000), letters=5_000,
                 is_quick=True)


def _positive(text: str) -> int:
    value = int(text.replace("_", ""))
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(map(_positive, text.split(",")))
    if min(sizes) < 10_000:
        raise argparse.ArgumentTypeError("ledgers of less than 10000 records are too few to time")
    return sizes


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run",
        description="Measures the worker beside others that do the same work; prints a table and writes it as JSON. "
        "Exits 0 when everything was measured, whether or not the goals are met.")
    parser.add_argument("parts", nargs="*", metavar="PART",
                        help=f"of {', '.join(PARTS)}; all but {', '.join(BY_NAME_ONLY)} where none is named")
    parser.add_argument("--quick", action="store_true", help="a short pass that shows that everything works")
    parser.add_argument("--strict", action="store_true", help="exit 1 where a goal is not met")
    parser.add_argument("--rounds", type=_positive, help=f"interleaved rounds (default: {_FULL.rounds})")
    parser.add_argument("--messages", type=_positive,
                        help=f"requests of one round (default: {_FULL.messages}); of flat: {_FULL.flat_messages}")
    parser.add_argument("--sizes", type=_sizes, help="records of the ledgers, separated by commas")
    parser.add_argument("--letters", type=_positive, help=f"dead letters to replay (default: {_FULL.letters})")
    parser.add_argument("--results", type=Path, help="the file of results (default: .build/benchmarks/results.json; a "
                        "quick pass has one of its own)")
    parser.add_argument("--show", action="store_true", help="measure nothing: print the results as they are")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--into", type=Path, help="write the table as Markdown between the marks of this document")
    parser.add_argument("--tools", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--binary", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only-check-arguments", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.parts if name not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if arguments.into and _BEGIN not in arguments.into.read_text(encoding="utf-8"):
        parser.error(f"{arguments.into} has no line `{_BEGIN}`")
    return arguments


def _options(arguments: argparse.Namespace) -> Options:
    base = _QUICK if arguments.quick else _FULL
    return Options(
        rounds=arguments.rounds or base.rounds,
        messages=arguments.messages or base.messages,
        flat_messages=arguments.messages or base.flat_messages,
        sizes=arguments.sizes or base.sizes,
        letters=arguments.letters or base.letters,
        is_quick=base.is_quick,
    )


def _commit() -> str:
    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", REPOSITORY, *words], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if git("status", "--porcelain") else "")


def _measure(arguments: argparse.Namespace, path: Path) -> list[str]:
    """Runs the parts, and returns those that could not be measured."""
    names = arguments.parts or [name for name in PARTS if name not in BY_NAME_ONLY]
    failed: list[str] = []
    place = Path(tempfile.mkdtemp(prefix="run-", dir=arguments.tools.parent))
    try:
        with Broker(REPOSITORY, place / "broker", arguments.binary) as broker:
            bench = Bench(REPOSITORY, place, arguments.tools, arguments.binary, broker, _options(arguments))
            results = Results(path, machine(broker, place), _commit())
            for name in [name for name in PARTS if name in names]:
                say(f"{name}:")
                begin, part, is_complete = time.monotonic(), Part(), False
                try:
                    PARTS[name](bench, part)
                    is_complete = True
                except Failure as failure:
                    say(f"{name} could not be measured: {failure}")
                    failed.append(name)
                finally:
                    # Also of a run that is interrupted, which may have taken long.
                    if part.rows:
                        results.put(name, part, is_complete=is_complete)
                say(f"{name} took {time.monotonic() - begin:.0f} s")
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return failed


def _write_into(document: Path, figures: str) -> None:
    before, _, rest = document.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    document.write_text(f"{before}{_BEGIN}\n\n{figures}\n{_END}{after}", encoding="utf-8")


def main() -> int:
    arguments = _arguments()
    if arguments.only_check_arguments:
        return 0
    # Whatever is running is ended in order.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    name = "quick.json" if arguments.quick else "results.json"
    path = arguments.results or arguments.tools.parent / name
    failed: list[str] = []
    if not arguments.show:
        failed = _measure(arguments, path)
    if not path.exists():
        say(f"there are no results in {path}")
        return 1
    results = load(path)
    print(table.markdown(results) if arguments.markdown else table.text(results), end="")
    if arguments.into:
        _write_into(arguments.into, table.markdown(results))
    say(f"the results are in {path}")
    if failed:
        say(f"not measured: {', '.join(failed)}")
        return 1
    return 1 if arguments.strict and table.short_rows(results) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        say(f"Benchmarks/run: {failure}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
