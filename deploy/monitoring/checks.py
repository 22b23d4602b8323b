"""What deploy/monitoring/check looks at besides what promtool checks.

    checks.py expressions FILE    writes the dashboard's expressions to FILE as rules, for promtool to read
    checks.py look                the alerts' words, the tests' reach, the dashboard's shape, the metrics' names
    checks.py mutants DIRECTORY   writes rules with one alert broken each, and the tests beside them
"""
import copy
import json
import pathlib
import re
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCUMENT = ROOT / "docs/metrics.md"
SEVERITIES = {"critical", "warning", "info"}

# RabbitMQ's own, as its Prometheus plugin names them queue by queue.
OF_THE_BROKER = {"rabbitmq_queue_messages_ready", "rabbitmq_queue_messages_unacked", "rabbitmq_queue_consumers"}
# Prometheus' own: whether it could scrape.
OF_PROMETHEUS = {"up"}
KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


def alerts():
    document = yaml.safe_load((HERE / "alerts.yaml").read_text(encoding="utf-8"))
    return document, [rule for group in document["groups"] for rule in group["rules"]]


def dashboard():
    return json.loads((HERE / "dashboard.json").read_text(encoding="utf-8"))


def panel_expressions(board):
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def filled(expression):
    """With what Grafana would put in place of its variables."""
    return expression.replace("$__rate_interval", "5m").replace("$instance", ".*")


def metric_names(expression):
    """The metrics that an expression reads: its names less labels, functions and keywords."""
    bare = re.sub(r'"(?:\\.|[^"\\])*"', "", filled(expression))
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", " ", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    names = re.findall(r"[A-Za-z_:][A-Za-z0-9_:]*(?!\s*\()\b(?!\s*\()", bare)
    return {name for name in names if name not in KEYWORDS}


def base(name):
    """A histogram is documented under its own name."""
    return re.sub(r"_(bucket|sum|count)$", "", name)


def documented():
    rows = re.findall(r"^\| *`([a-z][a-z0-9_]*)(?:\{[^`]*\})?`", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    if not rows:
        sys.exit("checks.py: docs/metrics.md has no table whose first column holds a metric's name in backquotes")
    return set(rows)


def alert_problems(rules):
    names = [rule["alert"] for rule in rules]
    for name in {name for name in names if names.count(name) > 1}:
        yield f"{name}: there are two of that name"
    for rule in rules:
        name, notes = rule["alert"], rule.get("annotations", {})
        if not name.startswith("Detainer"):
            yield f"{name}: its name does not begin with Detainer"
        if rule.get("labels", {}).get("severity") not in SEVERITIES:
            yield f"{name}: its severity is none of {', '.join(sorted(SEVERITIES))}"
        if set(notes) != {"summary", "description", "next"}:
            yield f"{name}: it needs the annotations summary, description and next, and no others"
            continue
        for key in ("summary", "description"):
            if not notes[key].endswith("."):
                yield f"{name}: {key} is no sentence"
        if not re.search(r"`detainer [a-z]", notes["next"]):
            yield f"{name}: `next` names no command of detainer"


def reach_problems(rules):
    """Each alert must be seen firing and be seen quiet by some test."""
    document = yaml.safe_load((HERE / "alerts.test.yaml").read_text(encoding="utf-8"))
    fires, quiet = set(), set()
    for test in document["tests"]:
        for case in test.get("alert_rule_test", []):
            (fires if case["exp_alerts"] else quiet).add(case["alertname"])
        for case in test.get("promql_expr_test", []):
            name = re.search(r'alertname="(\w+)"', case["expr"])[1]
            (fires if case["exp_samples"] else quiet).add(name)
    for rule in rules:
        for what, seen in (("fires", fires), ("keeps quiet", quiet)):
            if rule["alert"] not in seen:
                yield f"{rule['alert']}: no test sees that it {what}"


def dashboard_problems(board):
    numbers = [panel["id"] for panel in board["panels"]]
    if len(set(numbers)) != len(numbers):
        yield "dashboard: two panels have one id"
    taken = {}
    for panel in board["panels"]:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"dashboard: `{panel['title']}` is wider than the board"
        if panel["type"] != "row" and not panel.get("targets"):
            yield f"dashboard: `{panel['title']}` shows nothing"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    yield f"dashboard: `{panel['title']}` lies over `{taken[x, y]}`"
                    return
                taken[x, y] = panel["title"]


def metric_problems(rules, board):
    used = {}
    for rule in rules:
        for name in metric_names(rule["expr"]):
            used.setdefault(base(name), f"the alert {rule['alert']}")
    for title, expression in panel_expressions(board):
        for name in metric_names(expression):
            used.setdefault(base(name), f"the panel `{title}`")
    if not DOCUMENT.exists():
        print("the metrics' names were not compared: there is no docs/metrics.md", file=sys.stderr)
        return
    known = documented() | OF_THE_BROKER | OF_PROMETHEUS
    for name, where in sorted(used.items()):
        if name not in known:
            yield f"{name}: {where} reads it, and docs/metrics.md does not have it"


def look():
    _, rules = alerts()
    board = dashboard()
    problems = [
        *alert_problems(rules), *reach_problems(rules), *dashboard_problems(board), *metric_problems(rules, board)]
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


def write_expressions(path):
    rules = [
        {"record": f"panel:{number}", "expr": filled(expression)}
        for number, (_, expression) in enumerate(panel_expressions(dashboard()))
    ]
    pathlib.Path(path).write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))


def write_mutants(directory):
    document, rules = alerts()
    tests = (HERE / "alerts.test.yaml").read_text(encoding="utf-8")
    for number, rule in enumerate(rules):
        for kind, expression in (("never", "vector(1) > 2"), ("always", f"({rule['expr']}) or vector(1)")):
            folder = pathlib.Path(directory) / f"{rule['alert']}-{kind}"
            folder.mkdir()
            broken = copy.deepcopy(document)
            [each for group in broken["groups"] for each in group["rules"]][number]["expr"] = expression
            (folder / "alerts.yaml").write_text(yaml.safe_dump(broken))
            (folder / "alerts.test.yaml").write_text(tests)


match sys.argv[1:]:
    case ["look"]:
        look()
    case ["expressions", path]:
        write_expressions(path)
    case ["mutants", directory]:
        write_mutants(directory)
    case _:
        sys.exit(__doc__)
