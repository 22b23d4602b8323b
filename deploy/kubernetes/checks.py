"""What deploy/kubernetes/check looks at: every object against its schema, and all of them against each other.

    checks.py [--self-test]     needs kubernetes-validate
"""
import fnmatch
import json
import pathlib
import sys

import jsonschema
import kubernetes_validate

import broken
from world import World, selects, title

HERE = pathlib.Path(__file__).resolve().parent
# The oldest that knows every member that is used here, and the newest that the schemas know.
VERSIONS = ("1.32.0", "1.37.0")
UNPRIVILEGED = {
    "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
MOST_BYTES_OF_A_CONFIG_MAP = 1 << 20


# --- schemas

def schema_problems(world):
    own = {
        (document["properties"]["apiVersion"]["const"], document["properties"]["kind"]["const"]): document
        for document in (json.loads(path.read_text(encoding="utf-8")) for path in (HERE / "schemas").glob("*.json"))}
    for each in world.objects + world.made_secrets:
        group = each["apiVersion"].partition("/")[0]
        if "." in group and not group.endswith(".k8s.io"):
            schema = own.get((each["apiVersion"], each["kind"]))
            if schema is None:
                yield f"{title(each)}: there is no schema of {each['apiVersion']} {each['kind']} here"
                continue
            for error in jsonschema.Draft202012Validator(schema).iter_errors(each):
                yield f"{title(each)}: {error.json_path}: {error.message}"
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
                yield f"{title(each)}: Kubernetes {version}: {getattr(error, 'message', error)}"


# --- names, labels, references

def identity_problems(world):
    seen = set()
    for each in world.objects:
        key = (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        if key in seen:
            yield f"{title(each)}: there are two"
        seen.add(key)
        if each["kind"] != "Namespace" and key[1] != world.namespace:
            yield f"{title(each)}: it lies in the namespace {key[1]}, the others in {world.namespace}"


def selector_problems(world):
    pods = list(world.pods())
    for workload, labels, _ in pods:
        if not selects(workload["spec"]["selector"]["matchLabels"], labels):
            yield f"{title(workload)}: its selector does not match its own pods"
        service = world.named("Service", workload["spec"]["serviceName"])
        if service is None:
            yield f"{title(workload)}: there is no Service {workload['spec']['serviceName']}"
        elif service["spec"].get("clusterIP") != "None" or not selects(service["spec"]["selector"], labels):
            yield f"{title(workload)}: its Service is not headless, or not of its pods"
    for kind, find in (
            ("Service", lambda spec: spec["selector"]),
            ("PodDisruptionBudget", lambda spec: spec["selector"]["matchLabels"])):
        for each in world.of(kind):
            matched = [workload for workload, labels, _ in pods if selects(find(each["spec"]), labels)]
            if len(matched) != 1:
                yield f"{title(each)}: it selects the pods of {len(matched)} workloads, not of one"
    for workload, labels, spec in pods:
        for constraint in spec.get("topologySpreadConstraints", []):
            if not selects(constraint["labelSelector"]["matchLabels"], labels):
                yield f"{title(workload)}: a topology spread constraint does not select its own pods"


def port_problems(world):
    for each in world.of("Service"):
        for port in each["spec"].get("ports", []):
            names = {
                known.get("name") for _, labels, spec in world.pods() if selects(each["spec"]["selector"], labels)
                for container in spec["containers"] for known in container.get("ports", [])}
            if port.get("targetPort") not in names:
                yield f"{title(each)}: no container has a port named {port.get('targetPort')}"
    for each in world.of("PodMonitor"):
        selector = each["spec"]["selector"]["matchLabels"]
        for _, labels, spec in world.pods():
            if selects(selector, labels):
                names = {known["name"] for container in spec["containers"] for known in container.get("ports", [])}
                for endpoint in each["spec"]["podMetricsEndpoints"]:
                    if endpoint["port"] not in names:
                        yield f"{title(each)}: no container has a port named {endpoint['port']}"
    worker = world.named("StatefulSet", "detainer-worker")["spec"]["template"]["metadata"]["labels"]
    if not any(selects(each["spec"]["selector"]["matchLabels"], worker) for each in world.of("PodMonitor")):
        yield "PodMonitor: none selects the workers' pods"


def reference_problems(world):
    accounts = {each["metadata"]["name"] for each in world.of("ServiceAccount")}
    for workload, _, spec in world.pods():
        if spec.get("serviceAccountName") not in accounts:
            yield f"{title(workload)}: there is no ServiceAccount {spec.get('serviceAccountName')}"
        for problem in [*volume_problems(world, workload, spec), *key_problems(spec)]:
            yield f"{title(workload)}: {problem}"
    for each in world.of("TriggerAuthentication"):
        for target in each["spec"]["secretTargetRef"]:
            yield from secret_problems(world, title(each), target["name"], [target["key"]])
    for each in world.of("User"):
        name = each["spec"]["importCredentialsSecret"]["name"]
        yield from secret_problems(world, title(each), name, ["username", "password"])
        for secret in world.made_secrets:
            if secret["metadata"]["name"] == name and secret["stringData"]["username"] != each["metadata"]["name"]:
                yield f"{title(each)}: the Secret {name} is of another user"


def secret_problems(world, where, name, keys):
    if name not in world.secrets:
        yield f"{where}: nobody makes the Secret {name}"
    for key in keys:
        if key not in world.secrets.get(name, {key}):
            yield f"{where}: the Secret {name} has no {key}"


def key_problems(spec):
    """The files that settings name for keys must be mounted there; a `*` stands for a jurisdiction."""
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        there = {
            f"{mount['mountPath']}/{item['path']}" for mount in container["volumeMounts"]
            for item in volumes.get(mount["name"], {}).get("secret", {}).get("items", [])}
        for variable in container.get("env", []):
            pattern = variable.get("value") or ""
            if variable["name"].endswith("_KEY_FILE") and not fnmatch.filter(there, pattern):
                yield f"container {container['name']}: nothing is mounted at {pattern}, which {variable['name']} names"


def volume_problems(world, workload, spec):
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    claimed = {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
    mounted = set()
    for container in spec.get("initContainers", []) + spec["containers"]:
        for mount in container.get("volumeMounts", []):
            mounted.add(mount["name"])
            if mount["name"] not in claimed | set(volumes):
                yield f"container {container['name']}: there is no volume {mount['name']}"
    for name in sorted((set(volumes) | claimed) - mounted):
        yield f"nobody mounts the volume {name}"
    for name, volume in volumes.items():
        if "configMap" in volume and world.named("ConfigMap", volume["configMap"]["name"]) is None:
            yield f"volume {name}: there is no ConfigMap {volume['configMap']['name']}"
        if "secret" in volume:
            secret = volume["secret"]
            keys = [item["key"] for item in secret.get("items", [])]
            yield from secret_problems(world, f"volume {name}", secret["secretName"], keys)
            if secret.get("defaultMode") != 0o400:
                yield f"volume {name}: its files are not of mode 0400"


# --- pods

def pod_problems(world):
    for workload, _, spec in world.pods():
        for problem in pod_security_problems(spec):
            yield f"{title(workload)}: {problem}"
        if spec.get("terminationGracePeriodSeconds", 30) <= world.drain_seconds:
            yield f"{title(workload)}: it is killed before {world.drain_seconds} s of worker.drain-seconds are over"
        retention = workload["spec"].get("persistentVolumeClaimRetentionPolicy", {})
        if retention != {"whenDeleted": "Retain", "whenScaled": "Retain"}:
            yield f"{title(workload)}: its volumes are not kept"
        for container in spec["containers"]:
            for problem in environment_problems(world, container, spec):
                yield f"{title(workload)}: container {container['name']}: {problem}"


def pod_security_problems(spec):
    security = spec.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or not security.get("runAsUser", 0) > 0:
        yield "it may run as root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "its seccomp profile is not RuntimeDefault"
    if security.get("fsGroupChangePolicy") != "OnRootMismatch":
        yield "fsGroupChangePolicy is not OnRootMismatch: the group would get rights to keys and ledgers"
    if spec.get("automountServiceAccountToken") is not False:
        yield "it gets a token for the cluster"
    if spec.get("enableServiceLinks") is not False:
        yield "variables of services would look like settings"
    for name in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
        if spec.get(name):
            yield f"{name} is set"
    for container in spec.get("initContainers", []) + spec["containers"]:
        if container.get("securityContext") != UNPRIVILEGED:
            yield f"container {container['name']}: its security context is not {json.dumps(UNPRIVILEGED)}"
        resources = container.get("resources", {})
        if not {"cpu", "memory"} <= set(resources.get("requests", {})) or "memory" not in resources.get("limits", {}):
            yield f"container {container['name']}: it needs requests of cpu and memory, and a limit of memory"
        tag = container["image"].partition(":")[2]
        if "/" in container["image"] or tag in ("", "latest"):
            yield f"container {container['name']}: the image {container['image']} has no version, or names a registry"
    if any("hostPath" in volume for volume in spec.get("volumes", [])):
        yield "it mounts a folder of the node"


def environment_problems(world, container, spec):
    variables = {entry["name"]: entry for entry in container.get("env", [])}
    for name, entry in variables.items():
        if name not in world.variables:
            yield f"{name}: there is no such setting"
        if name == "DETAINER_BROKER_URL":
            yield "the broker's address holds a password: use DETAINER_BROKER_URL_FILE"
        path = entry.get("value", "")
        if path.startswith("/") and not any(path.startswith(m["mountPath"]) for m in container["volumeMounts"]):
            yield f"{name}: nothing is mounted at {path}"
    if container.get("args") == ["worker", "run"]:
        yield from worker_problems(container, variables)


def worker_problems(container, variables):
    name = variables.get("DETAINER_WORKER_NAME", {}).get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
    if name != "metadata.name":
        yield "DETAINER_WORKER_NAME is not the pod's name: two workers would be one"
    if variables.get("DETAINER_HEALTH_HOST", {}).get("value") != "0.0.0.0":
        yield "DETAINER_HEALTH_HOST is not 0.0.0.0: it could not be probed"
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
    if variables.get("DETAINER_HEALTH_PORT", {}).get("value") != str(ports.get("health")):
        yield "DETAINER_HEALTH_PORT is not the port named health"
    for probe, path in (("startupProbe", "/live"), ("livenessProbe", "/live"), ("readinessProbe", "/ready")):
        asked = container.get(probe, {}).get("httpGet", {})
        if asked.get("path") != path:
            yield f"{probe} does not ask {path}"
        if asked.get("port") not in ports:
            yield f"{probe} asks a port that is not there: {asked.get('port')}"


# --- network, scaling, topology

def network_problems(world):
    ports = {
        port["containerPort"] for _, _, spec in world.pods() for container in spec["containers"]
        for port in container.get("ports", [])}
    for workload, labels, _ in world.pods():
        matching = [
            each for each in world.of("NetworkPolicy")
            if selects(each["spec"]["podSelector"].get("matchLabels"), labels)]
        if not matching:
            yield f"{title(workload)}: no NetworkPolicy is for its pods"
        for each in matching:
            for problem in policy_problems(world, each["spec"], ports):
                yield f"{title(each)}: {problem}"


def policy_problems(world, spec, health_ports):
    if set(spec.get("policyTypes", [])) != {"Ingress", "Egress"}:
        yield "it does not rule both directions"
    for rule in spec.get("ingress", []):
        sources = rule.get("from", [])
        if not sources or not all(peer.get("namespaceSelector", {}).get("matchLabels") for peer in sources):
            yield "anybody may come in"
        if {port.get("port") for port in rule.get("ports", [])} != health_ports:
            yield f"it does not let in exactly the port of the figures, {sorted(health_ports)}"
    out = set()
    for rule in spec.get("egress", []):
        if not rule.get("to") or not rule.get("ports"):
            yield "pods may go anywhere"
        out |= {(port.get("protocol", "TCP"), port.get("port")) for port in rule.get("ports", [])}
    expected = {("TCP", world.broker_port), ("UDP", 53), ("TCP", 53)}
    if out != expected:
        yield f"it lets out {sorted(out, key=str)}, not {sorted(expected)}"


def scaling_problems(world):
    for each in world.of("ScaledObject"):
        spec = each["spec"]
        target = spec["scaleTargetRef"]
        workload = world.named(target["kind"], target["name"])
        if workload is None:
            yield f"{title(each)}: there is no {target['kind']} {target['name']}"
        elif "replicas" in workload["spec"]:
            yield f"{title(each)}: {target['name']} sets `replicas` too, and each apply would undo the scaling"
        if not 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]:
            yield f"{title(each)}: minReplicaCount and maxReplicaCount do not fit: nobody would consume"
        for trigger in spec["triggers"]:
            if trigger["metadata"]["queueName"] != world.config["topology"]["request-queue"]:
                yield f"{title(each)}: it looks at another queue than the workers consume"
            if trigger["metadata"]["protocol"] != "http" or trigger["metadata"]["excludeUnacknowledged"] != "false":
                yield f"{title(each)}: it does not count what workers have in hand"
            if world.named("TriggerAuthentication", trigger["authenticationRef"]["name"]) is None:
                yield f"{title(each)}: there is no TriggerAuthentication {trigger['authenticationRef']['name']}"
    if not world.of("ScaledObject"):
        yield "ScaledObject: there is none"


def topology_problems(world):
    names = world.config["topology"]
    wanted = {
        "Exchange": {names["intake-exchange"], names["outcome-exchange"], names["dead-exchange"]},
        "Queue": {names["request-queue"], names["dead-letter-queue"], names["report-queue"]}}
    for kind, expected in wanted.items():
        if {each["spec"]["name"] for each in world.of(kind)} != expected:
            yield f"{kind}: the names are not those of config/worker.yaml"
    for each in world.of("Queue"):
        if each["spec"]["deletionPolicy"] != "retain":
            yield f"{title(each)}: who deletes the object deletes the messages"
    for each in world.of("Binding"):
        if each["spec"]["source"] not in wanted["Exchange"] or each["spec"]["destination"] not in wanted["Queue"]:
            yield f"{title(each)}: it binds what is not there"
    permitted = {each["spec"]["userReference"]["name"] for each in world.of("Permission")}
    users = {each["metadata"]["name"] for each in world.of("User")}
    for name in users ^ permitted:
        yield f"{name}: a user without a Permission, or a Permission without its user"


def config_problems(world):
    for each in world.of("ConfigMap"):
        if sum(len(text.encode()) for text in each["data"].values()) > MOST_BYTES_OF_A_CONFIG_MAP:
            yield f"{title(each)}: it is too large"


def all_problems(world):
    return [
        problem for look in (
            schema_problems, identity_problems, selector_problems, port_problems, reference_problems, pod_problems,
            network_problems, scaling_problems, topology_problems, config_problems)
        for problem in guarded(look, world)]


def guarded(look, world):
    """What is so broken that it cannot be looked at is a problem as well."""
    try:
        yield from look(world)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        yield f"{look.__name__}: an object lacks what every one has: {error!r}"


def main():
    world = World()
    problems = all_problems(world)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems or ("--self-test" in sys.argv and not broken.all_noticed(world, all_problems)):
        sys.exit(1)
    print(f"{len(world.objects)} objects fit their schemas and each other", file=sys.stderr)


main()
