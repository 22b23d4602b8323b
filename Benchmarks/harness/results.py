"""What was measured, as values and as a file.

The file is one JSON object:

    {"format": "detainer.benchmarks/1",
     "machine": {"cores": 2, "processor": "…", "memoryBytes": n, "kernel": "…", "rabbitmq": "…", "filesystem": "…"},
     "parts": {PART: {
       "commit": "…",                       of the repository, with `+` where files were changed
       "isComplete": true | false,          whether everything in it was measured
       "settings": {…},                     rounds, counts and sizes of this part
       "rows": [{
         "name": "…", "unit": "…",          what was measured, and in what
         "value": n | null,                 the median of the rounds; null where it did not finish
         "low": n, "high": n,               an interval for it; null like the value
         "coverage": n,                     the probability that the interval holds the true median
         "values": [n, …],                  the rounds, in order; of ratios, those of paired rounds
         "goal": {"atLeast": n} | {"atMost": n} | null,
         "met": true | false | null,        null where there is no goal; what did not finish meets none
         "note": "…"}]}}}

A run replaces the parts that it measured and keeps the others.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import statistics

FORMAT = "detainer.benchmarks/1"


@dataclass(frozen=True)
class Goal:
    """A bound; exactly one side is given."""

    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, value: float) -> bool:
        return value >= self.at_least if self.at_least is not None else value <= self.at_most

    def json(self) -> dict[str, float]:
        return {"atLeast": self.at_least} if self.at_least is not None else {"atMost": self.at_most}


@dataclass(frozen=True)
class Row:
    name: str
    unit: str
    values: Sequence[float]
    goal: Goal | None = None
    note: str = ""

    def json(self) -> dict[str, Any]:
        found = statistics.estimate(self.values) if self.values else None
        return {
            "name": self.name,
            "unit": self.unit,
            "value": found.median if found else None,
            "low": found.low if found else None,
            "high": found.high if found else None,
            "coverage": round(found.coverage, 3) if found else 0,
            "values": list(self.values),
            "goal": self.goal.json() if self.goal else None,
            "met": (found is not None and self.goal.is_met(found.median)) if self.goal else None,
            "note": self.note,
        }


@dataclass
class Part:
    """What one part of the benchmarks has found so far."""

    settings: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def add(
        self, name: str, unit: str, values: Sequence[float] | float, goal: Goal | None = None, note: str = ""
    ) -> None:
        self.rows.append(Row(name, unit, [values] if isinstance(values, (int, float)) else values, goal, note))


class Results:
    """The file, to which parts are added."""

    def __init__(self, path: Path, machine: dict[str, Any], commit: str) -> None:
        self.path, self._machine, self._commit = path, machine, commit

    def put(self, name: str, part: Part, *, is_complete: bool) -> None:
        rows = [row.json() for row in part.rows]
        # Read again each time: another run may have measured other parts meanwhile.
        parts = load(self.path)["parts"] if self.path.exists() else {}
        parts[name] = {
            "commit": self._commit, "isComplete": is_complete, "settings": part.settings, "rows": rows,
        }
        self._save({"format": FORMAT, "machine": self._machine, "parts": parts})

    def _save(self, results: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A run that is interrupted leaves the old file or the new one.
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(beside, self.path)


def load(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    if found.get("format") != FORMAT:
        raise ValueError(f"{path} holds no results of this version: remove it, or name another file")
    return found
