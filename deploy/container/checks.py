"""What deploy/container/check looks at besides the schema of compose.yaml.

    checks.py COMPOSE.yaml [--self-test]     COMPOSE.yaml as `compose config` prints it
"""
import base64
import copy
import fnmatch
import glob
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
USER = "10001:10001"
WRITABLE = {"/var/lib/detainer", "/var/lib/detainer-aggregate"}
COMPILERS = re.compile(r"^(gcc|g\+\+|clang|cpp|make|cmake|build-essential|binutils|swift.*|.*-dev)$")


def setting_names():
    """The environment variables that the program knows, from the list of its settings."""
    text = (ROOT / "Sources/Operations/Settings/SettingKey.swift").read_text(encoding="utf-8")
    keys = re.findall(r'^        case \w+ = "([a-z.-]+)"$', text, re.MULTILINE)
    if not keys:
        sys.exit("checks.py: no setting was found in Sources/Operations/Settings/SettingKey.swift")
    return {"DETAINER_" + re.sub("[^A-Z0-9]", "_", key.upper()) for key in keys}


def drain_seconds():
    settings = yaml.safe_load((ROOT / "config/worker.yaml").read_text(encoding="utf-8"))
    return int(settings.get("worker", {}).get("drain-seconds", 30))


KNOWN = setting_names() | {"DETAINER_CONFIG", "DETAINER_BROKER_URL_FILE"}


# --- Containerfile

def instructions(text):
    """(word, rest) of each instruction, continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines()]


def stages(text):
    found = []
    for word, rest in instructions(text):
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append((word, rest))
    return found


def copy_problems(rest, earlier, ignored):
    words = rest.split()
    options = [word for word in words if word.startswith("--")]
    sources = [word for word in words if not word.startswith("--")][:-1]
    stage = next((option[7:] for option in options if option.startswith("--from=")), None)
    if stage is not None:
        if stage not in earlier:
            yield f"COPY --from={stage}: there is no such stage"
        return
    for source in sources:
        matched = glob.glob(str(ROOT / source))
        if not matched and not glob.has_magic(source):
            yield f"COPY {source}: it is not in the repository"
        for path in matched:
            if ignored(os.path.relpath(path, ROOT)):
                yield f"COPY {source}: Containerfile.dockerignore keeps it from the builder"


def target_folders():
    """The folders of the manifest's targets: SwiftPM builds nothing where one is missing."""
    text = (ROOT / "Package.swift").read_text(encoding="utf-8")
    # What a build with a sanitizer has beside it is of no use to the image.
    text = text.partition('Context.environment["DETAINER_SANITIZE"]')[0]
    named = set(re.findall(r'path: "([^"]+)"', text))
    found = [path for path in named if (ROOT / path).is_dir()]
    if sorted(found) != sorted(named) or not named:
        sys.exit("checks.py: the paths of targets in Package.swift are not what is expected here")
    return sorted(named | {"Sources", "Tests"})


def manifest_problems(stage):
    copied = [words.split()[:-1] for word, words in stage if word == "COPY"]
    sources = [source for words in copied for source in words]
    for folder in target_folders():
        if not any(folder == source or folder.startswith(source + "/") for source in sources):
            yield f"the first stage does not copy {folder}, where a target of Package.swift lies"


def ignore_rule(text):
    patterns = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]

    def ignored(path):
        parts = path.split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        result = False
        for pattern in patterns:
            if any(fnmatch.fnmatch(name, pattern.lstrip("!")) for name in above):
                result = not pattern.startswith("!")
        return result

    return ignored


def installed(rest):
    for command in re.split(r"&&|;", rest):
        words = shlex.split(command)
        if words[:2] == ["apt-get", "install"]:
            yield words[2:], [word for word in words[2:] if not word.startswith("-")]


def containerfile_problems(text, ignore):
    found = stages(text)
    earlier = set()
    ignored = ignore_rule(ignore)
    for stage in found:
        base, *name = re.split(r"\s+AS\s+", stage[0][1])
        image, _, tag = base.partition(":")
        if "/" in image:
            yield f"FROM {base}: no host and no folder of a registry is named here"
        if tag in ("", "latest"):
            yield f"FROM {base}: it needs a version"
        for word, rest in stage:
            if word == "COPY":
                yield from copy_problems(rest, earlier, ignored)
            if word == "ADD":
                yield "ADD fetches and unpacks: use COPY"
            if word == "RUN":
                for options, _ in installed(rest):
                    if "--no-install-recommends" not in options:
                        yield "apt-get install without --no-install-recommends"
                    if "rm -rf /var/lib/apt/lists/*" not in rest:
                        yield "apt-get leaves its lists in the layer"
        earlier |= set(name)
    yield from manifest_problems(found[0])
    yield from final_stage_problems(found[-1])


def final_stage_problems(stage):
    last = dict(stage)
    if len([word for word, _ in stage if word == "FROM"]) != 1 or last["FROM"].startswith("swift"):
        yield "the last stage holds the compiler"
    for word, rest in stage:
        if word != "RUN":
            continue
        for _, packages in installed(rest):
            for package in packages:
                if COMPILERS.match(package):
                    yield f"the last stage installs {package}: nothing is built there"
        for folder in WRITABLE:
            if "install -d" in rest and folder not in rest.split():
                yield f"the last stage does not make {folder} for its user"
    if last.get("USER") != USER:
        yield f"USER is {last.get('USER')}, not {USER}: Kubernetes takes only a number for no root"
    if last.get("STOPSIGNAL") != "SIGTERM":
        yield "STOPSIGNAL is not SIGTERM, which a worker drains on"
    if last.get("HEALTHCHECK") != "NONE":
        yield "HEALTHCHECK is not NONE: whoever runs the image probes it"
    for word in ("ENTRYPOINT", "CMD"):
        if not last.get(word, "").startswith("["):
            yield f"{word} is not a list: a shell would keep the signals"
    for label in ("title", "description", "licenses", "version", "revision"):
        if f"org.opencontainers.image.{label}=" not in last.get("LABEL", ""):
            yield f"the label org.opencontainers.image.{label} is missing"
    for name in re.findall(r"(DETAINER_\w+)=", last.get("ENV", "")):
        if name not in KNOWN:
            yield f"ENV {name}: there is no such setting"


# --- compose.yaml

def seconds(text):
    parts = re.findall(r"(\d+)(m|s)", str(text))
    return sum(int(number) * (60 if unit == "m" else 1) for number, unit in parts)


def compose_problems(compose, secrets):
    services = compose["services"]
    ours = {name: service for name, service in services.items() if "build" in service}
    names = [service.get("environment", {}).get("DETAINER_WORKER_NAME") for service in ours.values()]
    names = [name for name in names if name]
    if len(names) < 2 or len(set(names)) != len(names):
        yield f"the workers' names {names} are not two or more different ones"
    for name, service in services.items():
        yield from (f"{name}: {problem}" for problem in service_problems(compose, service))
    for name, service in ours.items():
        yield from (f"{name}: {problem}" for problem in detainer_problems(compose, service))
    for name, secret in compose.get("secrets", {}).items():
        file = os.path.basename(secret.get("file", ""))
        if file not in secrets:
            yield f"secret {name}: deploy/container/prepare writes no {file}"
    if "definitions.json" not in [secret["source"] for secret in services["broker"].get("secrets", [])]:
        yield "broker: it does not get its definitions"


def service_problems(compose, service):
    if service.get("cap_drop") != ["ALL"]:
        yield "cap_drop is not [ALL]"
    if service.get("security_opt") != ["no-new-privileges:true"]:
        yield "security_opt is not [no-new-privileges:true]"
    if service.get("privileged"):
        yield "it is privileged"
    image, _, tag = service["image"].partition(":")
    if "/" in image:
        yield f"image {service['image']}: no host and no folder of a registry is named here"
    if "build" not in service and tag in ("", "latest"):
        yield f"image {service['image']}: it needs a version"
    for port in service.get("ports", []):
        host = port.get("host_ip") if isinstance(port, dict) else str(port).split(":")[0]
        if host != "127.0.0.1":
            yield f"port {port}: only this machine may reach it"
    for name, dependency in service.get("depends_on", {}).items():
        other = compose["services"].get(name, {})
        if dependency["condition"] == "service_healthy" and "healthcheck" not in other:
            yield f"it waits until {name} is healthy, which nobody asks"
        if dependency["condition"] == "service_completed_successfully" and other.get("restart") not in ("no", False):
            yield f"it waits until {name} ends, which is started again"


def detainer_problems(compose, service):
    if service.get("user") != USER:
        yield f"user is {service.get('user')}, not {USER}"
    if service.get("read_only") is not True:
        yield "its root is not read-only"
    if seconds(service.get("stop_grace_period", "10s")) <= drain_seconds():
        yield "stop_grace_period is not longer than worker.drain-seconds"
    environment = service.get("environment", {})
    for name in environment:
        if name not in KNOWN:
            yield f"{name}: there is no such setting"
    if "DETAINER_BROKER_URL" in environment:
        yield "DETAINER_BROKER_URL holds a password: use a secret"
    mounted = {"/run/secrets/" + secret["source"] for secret in service.get("secrets", [])}
    if environment.get("DETAINER_BROKER_URL_FILE") not in mounted:
        yield "DETAINER_BROKER_URL_FILE is no secret of this service"
    yield from mount_problems(compose, service)
    yield from health_problems(service, environment)


def mount_problems(compose, service):
    for volume in service.get("volumes", []):
        source, target, mode = mount(volume)
        if source.startswith(("/", ".")):
            if mode != "ro":
                yield f"{source} can be written"
            if not (HERE / source).exists():
                yield f"{source} is not there"
        elif source not in compose.get("volumes", {}):
            yield f"volume {source} is not declared"
        elif target not in WRITABLE:
            yield f"{target} does not belong to the image's user"


def mount(volume):
    if isinstance(volume, dict):
        return volume["source"], volume["target"], "ro" if volume.get("read_only") else "rw"
    source, target, *mode = volume.split(":")
    return source, target, mode[0] if mode else "rw"


def health_problems(service, environment):
    port = environment.get("DETAINER_HEALTH_PORT")
    if not port:
        return
    if environment.get("DETAINER_HEALTH_HOST") != "0.0.0.0":
        yield "DETAINER_HEALTH_HOST is not 0.0.0.0: nobody outside the container could ask"
    targets = [str(p["target"]) if isinstance(p, dict) else str(p).split(":")[-1] for p in service.get("ports", [])]
    if [target.split("/")[0] for target in targets] != [port]:
        yield f"the published port is not {port}"
    if f"/127.0.0.1/{port} " not in " ".join(map(str, service.get("healthcheck", {}).get("test", []))):
        yield f"the health check does not ask port {port}"


# --- prepare

def prepared():
    """The names of the files that `prepare` writes, and what is wrong with them."""
    problems = []
    with tempfile.TemporaryDirectory() as directory:
        command = [str(HERE / "prepare"), directory]
        # A second run must keep the passwords.
        texts = []
        for _ in range(2):
            subprocess.run(command, check=True, timeout=60, stderr=subprocess.DEVNULL)
            texts.append({path.name: path.read_text(encoding="utf-8") for path in pathlib.Path(directory).iterdir()})
        first, second = texts
        if {name: text for name, text in first.items() if name.endswith(".url")} != {
                name: text for name, text in second.items() if name.endswith(".url")}:
            problems.append("prepare: a second run changed passwords")
        for user in json.loads(second["definitions.json"])["users"]:
            name = user["name"]
            address = second.get(name.removeprefix("detainer-") + ".url", "")
            found = re.fullmatch(rf"amqp://{name}:(\w{{48}})@broker:5672/\n", address)
            decoded = base64.b64decode(user["password_hash"])
            if not found or decoded[4:] != hashlib.sha256(decoded[:4] + found[1].encode()).digest():
                problems.append(f"prepare: the address and the hash of {name} do not belong together")
        for path in pathlib.Path(directory).glob("*.url"):
            if path.stat().st_mode & 0o077:
                problems.append(f"prepare: {path.name} can be read by others")
        return set(second), problems


def all_problems(compose, containerfile, ignore, secrets):
    return list(containerfile_problems(containerfile, ignore)) + list(compose_problems(compose, secrets))


# --- broken on purpose

def broken_texts():
    """(what, old, new) in the Containerfile."""
    return [
        ("a source that is not there", "COPY Sources Sources", "COPY Source Sources"),
        ("a target that is not there", "COPY Benchmarks/HotPaths", "# COPY Benchmarks/HotPaths"),
        ("a stage that is not there", "--from=build", "--from=builder"),
        ("root", "USER 10001:10001", "USER root"),
        ("a name for a user", "USER 10001:10001", "USER detainer"),
        ("a compiler at the end", "ca-certificates libcurl4", "ca-certificates gcc libcurl4"),
        ("the build image at the end", "FROM debian:bookworm-slim", "FROM swift:6.3-bookworm"),
        ("no version", "FROM debian:bookworm-slim", "FROM debian"),
        ("recommended packages", "--no-install-recommends ca-", "ca-"),
        ("a shell before the program", 'ENTRYPOINT ["/usr/local/bin/detainer"]', "ENTRYPOINT detainer"),
        ("another stop signal", "STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL"),
        ("an unknown setting", "DETAINER_LEDGER_DIRECTORY=", "DETAINER_LEDGER_FOLDER="),
    ]


def broken_composes():
    """(what, change) of a copy of compose.yaml."""
    def worker(change):
        return lambda compose: change(compose["services"]["worker-1"])

    return [
        ("a root that can be written", worker(lambda s: s.update(read_only=False))),
        ("another user", worker(lambda s: s.update(user="0:0"))),
        ("capabilities", worker(lambda s: s.pop("cap_drop"))),
        ("new privileges", worker(lambda s: s.pop("security_opt"))),
        ("too little time to drain", worker(lambda s: s.update(stop_grace_period="10s"))),
        ("a password in the environment",
         worker(lambda s: s["environment"].update(DETAINER_BROKER_URL="amqp://a:b@broker"))),
        ("an unknown setting", worker(lambda s: s["environment"].update(DETAINER_WORKERNAME="x"))),
        ("two workers of one name", worker(lambda s: s["environment"].update(DETAINER_WORKER_NAME="worker-2"))),
        ("another health port", worker(lambda s: s["environment"].update(DETAINER_HEALTH_PORT="9999"))),
        ("health for itself alone", worker(lambda s: s["environment"].update(DETAINER_HEALTH_HOST="127.0.0.1"))),
        ("a port for everybody", worker(lambda s: s.update(ports=["9464:9464"]))),
        ("a secret that is not mounted", worker(lambda s: s.update(secrets=[]))),
        ("a volume that is not declared", lambda c: c["volumes"].pop("ledger")),
        ("a secret that nobody makes", lambda c: c["secrets"]["worker.url"].update(file="./secrets/other")),
        ("a topology that never ends", lambda c: c["services"]["topology"].update(restart="always")),
    ]


def self_test(compose, containerfile, ignore, secrets):
    passed = 0
    missed = []
    for what, old, new in broken_texts():
        if old not in containerfile:
            sys.exit(f"checks.py: `{old}` is not in the Containerfile any more")
        broken = containerfile.replace(old, new)
        if all_problems(compose, broken, ignore, secrets):
            passed += 1
        else:
            missed.append(what)
    for what, change in broken_composes():
        broken = copy.deepcopy(compose)
        change(broken)
        if all_problems(broken, containerfile, ignore, secrets):
            passed += 1
        else:
            missed.append(what)
    for what in missed:
        print(f"not noticed: {what}", file=sys.stderr)
    print(f"self-test: {passed} passed, {len(missed)} failed")
    return not missed


def main():
    compose = yaml.safe_load(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    containerfile = (HERE / "Containerfile").read_text(encoding="utf-8")
    ignore = (HERE / "Containerfile.dockerignore").read_text(encoding="utf-8")
    secrets, problems = prepared()
    problems += all_problems(compose, containerfile, ignore, secrets)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    if "--self-test" in sys.argv and not self_test(compose, containerfile, ignore, secrets):
        sys.exit(1)


main()
