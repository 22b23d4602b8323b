"""Deployments that are broken on purpose: deploy/kubernetes/checks.py must notice each."""
import copy
import sys


def changes():
    """(what, change) of a copy of the world."""
    def at(kind, name, change):
        return lambda world: change(world.named(kind, name)["spec"])

    def pod(change):
        return at("StatefulSet", "detainer-worker", lambda spec: change(spec["template"]["spec"]))

    def container(change):
        return pod(lambda spec: change(spec["containers"][0]))

    def env(name, value):
        def change(spec):
            next(entry for entry in spec["env"] if entry["name"] == name).update(value=value)
        return container(change)

    def volume(name, change):
        return pod(lambda spec: change(next(each for each in spec["volumes"] if each["name"] == name)))

    def relabel(spec):
        spec["selector"]["matchLabels"].update({"app.kubernetes.io/component": "other"})

    scaled = "detainer-worker"
    return [
        ("a member that Kubernetes does not know", container(lambda c: c.update(readinessprobe={}))),
        ("a wrong type", pod(lambda p: p.update(terminationGracePeriodSeconds="sixty"))),
        ("a member that KEDA does not know", at("ScaledObject", scaled, lambda s: s.update(replicas=3))),
        ("a member that RabbitMQ's operator does not know",
         at("Queue", "detainer-requests", lambda s: s.update(exclusive=True))),
        ("a kind without a schema", lambda w: w.objects.append(
            {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob",
             "metadata": {"name": "x", "namespace": "detainer"}})),
        ("two of one name", lambda w: w.objects.append(copy.deepcopy(w.named("Service", "detainer-worker")))),
        ("another namespace", lambda w: w.named("Service", "detainer-worker")["metadata"].update(namespace="other")),
        ("labels that the selector does not match", at("StatefulSet", scaled, relabel)),
        ("no headless Service", at("StatefulSet", scaled, lambda s: s.update(serviceName="other"))),
        ("a budget for nobody", at("PodDisruptionBudget", scaled, relabel)),
        ("a monitor for nobody", at("PodMonitor", scaled, relabel)),
        ("a monitor of another port", at(
            "PodMonitor", scaled, lambda s: s["podMetricsEndpoints"][0].update(port="metrics"))),
        ("a probe of a port that is not there", container(lambda c: c["livenessProbe"]["httpGet"].update(port="http"))),
        ("a liveness probe that a pause fails",
         container(lambda c: c["livenessProbe"]["httpGet"].update(path="/ready"))),
        ("no startup probe", container(lambda c: c.pop("startupProbe"))),
        ("health for itself alone", env("DETAINER_HEALTH_HOST", "127.0.0.1")),
        ("another health port", env("DETAINER_HEALTH_PORT", "9999")),
        ("one name for all workers", container(lambda c: c["env"][0].update({"value": "w", "valueFrom": None}))),
        ("an unknown setting", container(lambda c: c["env"].append({"name": "DETAINER_LEDGER_FOLDER", "value": "x"}))),
        ("a password in the environment", container(
            lambda c: c["env"].append({"name": "DETAINER_BROKER_URL", "value": "amqp://a:b@c/"}))),
        ("a ledger outside its volume", env("DETAINER_LEDGER_DIRECTORY", "/srv/ledger")),
        ("a Secret that nobody makes", volume("broker", lambda v: v["secret"].update(secretName="other"))),
        ("a key that the Secret has not", volume("broker", lambda v: v["secret"]["items"][0].update(key="uri"))),
        ("a Secret that others can read", volume("broker", lambda v: v["secret"].update(defaultMode=0o644))),
        ("a key that is not mounted", volume("keys", lambda v: v["secret"]["items"].pop())),
        ("a ConfigMap that is not there", volume("config", lambda v: v["configMap"].update(name="other"))),
        ("a volume that is not there", container(lambda c: c["volumeMounts"][0].update(name="other"))),
        ("too little time to drain", pod(lambda p: p.update(terminationGracePeriodSeconds=30))),
        ("ledgers that are not kept", at("StatefulSet", scaled, lambda s: s.update(
            persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete", "whenScaled": "Retain"}))),
        ("root", pod(lambda p: p["securityContext"].update(runAsUser=0))),
        ("no seccomp profile", pod(lambda p: p["securityContext"].pop("seccompProfile"))),
        ("rights for the group at each start", pod(lambda p: p["securityContext"].pop("fsGroupChangePolicy"))),
        ("a root that can be written", container(lambda c: c["securityContext"].update(readOnlyRootFilesystem=False))),
        ("capabilities", container(lambda c: c["securityContext"].pop("capabilities"))),
        ("no limit of memory", container(lambda c: c["resources"].pop("limits"))),
        ("an image without a version", container(lambda c: c.update(image="detainer-worker"))),
        ("a folder of the node", pod(lambda p: p["volumes"].append({"name": "node", "hostPath": {"path": "/"}}))),
        ("no network policy", lambda w: w.objects.remove(w.named("NetworkPolicy", "detainer"))),
        ("another port of the broker", at(
            "NetworkPolicy", "detainer", lambda s: s["egress"][0]["ports"][0].update(port=5671))),
        ("a way out to everywhere", at("NetworkPolicy", "detainer", lambda s: s["egress"].append({}))),
        ("a way in for everybody", at("NetworkPolicy", "detainer", lambda s: s["ingress"][0].pop("from"))),
        ("no rule for the way out", at("NetworkPolicy", "detainer", lambda s: s.update(policyTypes=["Ingress"]))),
        ("scaling of nothing", at("ScaledObject", scaled, lambda s: s["scaleTargetRef"].update(name="other"))),
        ("scaling by another queue", at(
            "ScaledObject", scaled, lambda s: s["triggers"][0]["metadata"].update(queueName="annual-report"))),
        ("scaling by what is ready alone", at(
            "ScaledObject", scaled, lambda s: s["triggers"][0]["metadata"].update(excludeUnacknowledged="true"))),
        ("scaling to nobody", at("ScaledObject", scaled, lambda s: s.update(minReplicaCount=0))),
        ("replicas beside the scaling", at("StatefulSet", scaled, lambda s: s.update(replicas=2))),
        ("credentials that nobody makes", at(
            "User", "detainer-worker", lambda s: s["importCredentialsSecret"].update(name="other"))),
        ("credentials of another user", at(
            "User", "detainer-worker", lambda s: s["importCredentialsSecret"].update(name="broker-intake"))),
        ("a user without rights", lambda w: w.objects.remove(w.named("Permission", "detainer-worker"))),
        ("a queue that goes with its object", at(
            "Queue", "detainer-requests", lambda s: s.update(deletionPolicy="delete"))),
        ("a binding to nowhere", lambda w: w.of("Binding")[0]["spec"].update(destination="other")),
        ("a queue of another name", at("Queue", "detainer-requests", lambda s: s.update(name="requests"))),
    ]


def all_noticed(world, all_problems):
    passed, missed = 0, []
    for what, change in changes():
        damaged = copy.deepcopy(world)
        change(damaged)
        if all_problems(damaged):
            passed += 1
        else:
            missed.append(what)
    for what in missed:
        print(f"not noticed: {what}", file=sys.stderr)
    print(f"self-test: {passed} passed, {len(missed)} failed")
    return not missed
