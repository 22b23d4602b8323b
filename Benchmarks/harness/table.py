"""Results as tables: for a terminal, and as Markdown for a document."""

from collections.abc import Iterator
from typing import Any

_TITLES = {
    "micro": "Single steps",
    "throughput": "One worker, beside others that do the same work",
    "latency": "From request to event",
    "pool": "Pools on one machine",
    "ledgers": "The size of a ledger",
    "replay": "Replaying dead letters",
    "flat": "Memory over many requests",
}
_SHORT = "SHORT"


def number(value: float) -> str:
    """Three figures that count; thousands are set apart."""
    decimals = 0 if abs(value) >= 100 or value == 0 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 4
    return f"{value:,.{decimals}f}"


def _goal(row: dict[str, Any]) -> str:
    goal = row["goal"]
    if goal is None:
        return ""
    return f"≥ {goal['atLeast']:,g}" if "atLeast" in goal else f"≤ {goal['atMost']:,g}"


def _verdict(row: dict[str, Any]) -> str:
    return {None: "", True: "met", False: _SHORT}[row["met"]]


def _interval(row: dict[str, Any]) -> str:
    return f"{number(row['low'])} – {number(row['high'])}" if len(row["values"]) > 1 else ""


def _value(row: dict[str, Any]) -> str:
    return "not finished" if row["value"] is None else f"{number(row['value'])} {row['unit']}"


def _cells(row: dict[str, Any]) -> list[str]:
    return [row["name"], _value(row), _interval(row), _goal(row), _verdict(row), row["note"]]


def _heads() -> list[str]:
    return ["what", "median", "interval", "goal", "", ""]


def _settings(part: dict[str, Any]) -> str:
    def said(value: Any) -> str:
        return ", ".join(map(said, value)) if isinstance(value, list) else f"{value:,}" if value else str(value)

    words = (("".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name), value)
             for name, value in part["settings"].items())
    return "; ".join(f"{name}: {said(value)}" for name, value in words)


def _parts(results: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, title in _TITLES.items():
        if name in results["parts"]:
            part = results["parts"][name]
            yield title if part["isComplete"] else f"{title}, INCOMPLETE", part


def _machine(results: dict[str, Any]) -> str:
    machine = results["machine"]
    return (f"{machine['cores']} cores ({machine['processor']}), {machine['memoryBytes'] / 2**30:.0f} GB, "
            f"{machine['filesystem']}, RabbitMQ {machine['rabbitmq']}; broker and all clients share them")


def short_rows(results: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for _, part in _parts(results) for row in part["rows"] if row["met"] is False]


def goal_count(results: dict[str, Any]) -> int:
    return sum(row["met"] is not None for _, part in _parts(results) for row in part["rows"])


def _conclusion(results: dict[str, Any]) -> str:
    short, goals = short_rows(results), goal_count(results)
    if not goals:
        return "Nothing here has a goal."
    if not short:
        return f"All {goals} goals are met."
    names = "; ".join(f"{row['name']} ({_value(row)}, goal {_goal(row)})" for row in short)
    return f"{len(short)} of {goals} goals are NOT met: {names}."


def text(results: dict[str, Any]) -> str:
    lines = [_machine(results)]
    for title, part in _parts(results):
        rows = [_heads()] + [_cells(row) for row in part["rows"]]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines += ["", f"{title} ({_settings(part)})"]
        for row in rows:
            cells = [cell.rjust(width) if column in (1, 2, 3) else cell.ljust(width)
                     for column, (cell, width) in enumerate(zip(row, widths))]
            lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join([*lines, "", _conclusion(results)]) + "\n"


def markdown(results: dict[str, Any]) -> str:
    lines = [f"Measured on {_machine(results)}."]
    for title, part in _parts(results):
        lines += ["", f"### {title}", "", f"{_settings(part)[:1].upper()}{_settings(part)[1:]}.", ""]
        lines += ["| what | median | interval | goal | | |", "| --- | ---: | ---: | ---: | --- | --- |"]
        for row in part["rows"]:
            cells = _cells(row)
            cells[4] = f"**{cells[4]}**" if cells[4] == _SHORT else cells[4]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", _conclusion(results)]) + "\n"
