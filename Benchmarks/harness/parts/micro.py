"""Single steps in one thread, without broker or disk: reading a request, deciding it, proving a policy."""

import json
import shutil
from collections.abc import Sequence
from typing import Any

from harness import statistics
from harness.bench import Bench
from harness.programs import Failure, Program
from harness.results import Part

_SECONDS = 1200
# Samples are taken one after the other; so many stretches of them stand for rounds.
_STRETCHES = 5

# The names that Benchmarks/Micro gives, what they are called here, and the unit of a thousandth of a sample: a sample
# is in microseconds, of a thousand readings or decisions, or of one proof.
_STEPS = {
    "read, Detainers": ("read a request: Detainers", "µs"),
    "read, JSONDecoder": ("read a request: Foundation's JSONDecoder", "µs"),
    "decide, boston-2019.yaml": ("decide: Boston 2019", "µs"),
    "decide, packs/new-york-city-nypd.yaml": ("decide: New York, the largest policy", "µs"),
    "check, boston-2019.yaml": ("parse and prove a policy: Boston 2019", "ms"),
    "check, packs/new-york-city-nypd.yaml": ("parse and prove a policy: New York, the largest", "ms"),
}
_SAMPLE_UNIT, _SAMPLE = "μs", 1_000


def run(bench: Bench, part: Part) -> None:
    place = bench.place / "micro"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    package = ["swift", "package", "--package-path", bench.repository / "Benchmarks", "--disable-sandbox"]
    wanted = ["--target", "Micro", "--format", "jmh", "--path", place, "--time-units", "microseconds"]
    arguments = [*package, "--allow-writing-to-directory", place, "benchmark", *wanted]
    # It starts processes of its own, which end with it.
    with Program(arguments, bench.place / "micro.log", {}) as program:
        program.wait(_SECONDS)
    entries = [entry for file in place.iterdir() for entry in json.loads(file.read_text(encoding="utf-8"))]
    add(part, entries)


def add(part: Part, entries: Sequence[dict[str, Any]]) -> None:
    """From what the benchmark package writes in the format of JMH."""
    found = {}
    for entry in entries:
        clock = entry["secondaryMetrics"]["Time (wall clock)"]
        if clock["scoreUnit"] != _SAMPLE_UNIT:
            raise Failure(f"samples are in {clock['scoreUnit']}, and not in {_SAMPLE_UNIT}")
        found[entry["benchmark"].partition(".Micro.")[2].replace("_", " ")] = clock["rawData"][0]
    missing = _STEPS.keys() - found.keys()
    if missing:
        raise Failure(f"Benchmarks/Micro did not measure {', '.join(sorted(missing))}")
    part.settings = {"samples": min(map(len, found.values())), "stretches": _STRETCHES}
    for name, (title, unit) in _STEPS.items():
        part.add(title, unit, [statistics.median(stretch) / _SAMPLE for stretch in _stretches(found[name])])
    read = {name: _stretches(found[name]) for name in ("read, JSONDecoder", "read, Detainers")}
    one, other = ([statistics.median(stretch) for stretch in stretches] for stretches in read.values())
    part.add("read a request: JSONDecoder of Detainers", "×", statistics.ratios(one, other))


def _stretches(samples: Sequence[float]) -> list[Sequence[float]]:
    ends = [len(samples) * index // _STRETCHES for index in range(_STRETCHES + 1)]
    return [samples[begin:end] for begin, end in zip(ends, ends[1:]) if end > begin]
