"""All that belongs to a deployment, as deploy/kubernetes/checks.py looks at it."""
import pathlib
import re
import subprocess
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BROKER_PORT = 5672
DEFAULT_DRAIN_SECONDS = 30


def load_kustomization(folder):
    """The objects of a folder, as kustomize would put them together; names without their hash."""
    settings = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    unknown = set(settings) - {"apiVersion", "kind", "namespace", "resources", "configMapGenerator"}
    if unknown:
        sys.exit(f"checks.py: {folder}/kustomization.yaml has {', '.join(sorted(unknown))}, which is not known here")
    objects = []
    for name in settings.get("resources", []):
        path = folder / name
        if path.is_dir():
            objects += load_kustomization(path)
        else:
            objects += [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]
    for generator in settings.get("configMapGenerator", []):
        data = {pathlib.Path(file).name: (folder / file).read_text(encoding="utf-8") for file in generator["files"]}
        objects.append({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data})
    if "namespace" in settings:
        for each in objects:
            if each["kind"] != "Namespace":
                each["metadata"]["namespace"] = settings["namespace"]
    return objects


def load_secrets():
    """The Secrets that the script beside this makes, and those that a README tells how to make."""
    text = subprocess.run([str(HERE / "secrets")], check=True, timeout=60, capture_output=True, text=True).stdout
    made = list(yaml.safe_load_all(text))
    keys = {secret["metadata"]["name"]: set(secret["stringData"]) for secret in made}
    keys["detainer-keys"] = {"pseudonym-boston.key", "pseudonym-dead-letters.key", "signing.key"}
    return made, keys


def settings_of_the_program():
    text = (ROOT / "Sources/Operations/Settings/SettingKey.swift").read_text(encoding="utf-8")
    keys = re.findall(r'^        case \w+ = "([a-z.-]+)"$', text, re.MULTILINE)
    if not keys:
        sys.exit("checks.py: no setting was found in Sources/Operations/Settings/SettingKey.swift")
    return {"DETAINER_" + re.sub("[^A-Z0-9]", "_", key.upper()) for key in keys}


class World:
    """All that belongs to a deployment."""

    def __init__(self):
        self.objects = load_kustomization(HERE)
        self.made_secrets, self.secrets = load_secrets()
        self.config = yaml.safe_load((ROOT / "config/worker.yaml").read_text(encoding="utf-8"))
        self.variables = settings_of_the_program() | {"DETAINER_CONFIG", "DETAINER_BROKER_URL_FILE"}

    def of(self, kind):
        return [each for each in self.objects if each["kind"] == kind]

    def named(self, kind, name):
        return next((each for each in self.of(kind) if each["metadata"]["name"] == name), None)

    def pods(self):
        """(what holds it, its labels, its spec) of every pod that is described."""
        for workload in self.of("StatefulSet"):
            template = workload["spec"]["template"]
            yield workload, template["metadata"]["labels"], template["spec"]

    @property
    def namespace(self):
        return self.of("Namespace")[0]["metadata"]["name"]

    @property
    def drain_seconds(self):
        return int(self.config.get("worker", {}).get("drain-seconds", DEFAULT_DRAIN_SECONDS))

    @property
    def broker_port(self):
        """Where the broker listens, as the settings and the Secrets say."""
        ports = {int(re.search(r":(\d+)/", self.config["broker"]["url"])[1])}
        ports |= {
            int(re.search(r":(\d+)/$", secret["stringData"]["url"])[1]) for secret in self.made_secrets
            if secret["stringData"]["url"].startswith("amqp:")}
        if ports != {BROKER_PORT}:
            sys.exit(f"checks.py: settings and Secrets name the broker's ports {sorted(ports)}, not {BROKER_PORT}")
        return BROKER_PORT


def title(each):
    return f"{each['kind']} {each['metadata'].get('name')}"


def selects(selector, labels):
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())
