"""The files of docs/deploy agree with the program: settings, secrets, user and probes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bot.settings.environment import load_settings, needed
from bot.settings.settings import Settings
from bot.settings.variables import variables
from bot.slack.runtime import STOP_SECONDS

DOCS = Path(__file__).parents[1] / "docs"
DEPLOY = DOCS / "deploy"
KNOWN = {*variables(), *(f"{name}_FILE" for name in Settings.SECRETS)}


def objects(file: str = "kubernetes.yml") -> list[dict[str, Any]]:
    """Return the objects of a Kubernetes file."""
    return list(yaml.safe_load_all((DEPLOY / file).read_text()))


def deployment_and_settings(file: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the specification of the deployment, and the settings, of a Kubernetes file."""
    (settings,) = [one["data"] for one in objects(file) if one["kind"] == "ConfigMap"]
    (deployment,) = [one["spec"] for one in objects(file) if one["kind"] == "Deployment"]
    return deployment, settings


def services() -> dict[str, dict[str, Any]]:
    """Return the services of the compose file that run the bot's image."""
    file = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    return {
        name: one for name, one in file["services"].items() if one["image"].startswith("queue-bot")
    }


def pods() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each pod and its only container."""
    for one in objects():
        if "template" in one.get("spec", {}):
            pod = one["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            yield pod, container


def test_the_systemd_unit_equals_that_of_the_installation_page() -> None:
    (shown,) = re.findall(r"```ini\n(.*?)```", (DOCS / "install.md").read_text(), re.DOTALL)

    assert shown == (DEPLOY / "queue-bot.service").read_text()


def test_every_variable_is_a_setting_and_every_needed_setting_is_set() -> None:
    (settings,) = [one["data"] for one in objects() if one["kind"] == "ConfigMap"]
    of_compose = [one["environment"] for one in services().values()]
    of_jobs = [{entry["name"] for entry in container.get("env", ())} for _, container in pods()]

    named = set(settings).union(*of_compose, *of_jobs)
    assert named <= KNOWN
    assert {name.removesuffix("_FILE") for name in settings} >= set(needed({}, "run"))


def test_every_secret_that_a_container_reads_is_mounted() -> None:
    for one in services().values():
        paths = {path for name, path in one["environment"].items() if name.endswith("_FILE")}
        assert paths == {f"/run/secrets/{name}" for name in one["secrets"]}
    for _, container in pods():
        (mount,) = container["volumeMounts"]
        assert mount["mountPath"] == "/run/secrets/queue-bot"
        assert mount["readOnly"]


def test_no_container_has_a_privilege() -> None:
    for one in services().values():
        assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
        assert one["security_opt"] == ["no-new-privileges:true"]
    (user,) = re.findall(r"^USER (\d+)$", (DOCS.parent / "Dockerfile").read_text(), re.MULTILINE)
    for pod, container in pods():
        assert pod["securityContext"]["runAsUser"] == int(user)
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["allowPrivilegeEscalation"] is False


def test_the_probes_use_the_monitoring_port() -> None:
    (settings,) = [one["data"] for one in objects() if one["kind"] == "ConfigMap"]
    (container,) = [container for _, container in pods() if "ports" in container]
    (port,) = container["ports"]

    assert str(port["containerPort"]) == settings["QUEUE_BOT_MONITORING_PORT"]
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    assert [probe["path"] for probe in probes] == ["/livez", "/livez", "/readyz"]
    assert {probe["port"] for probe in probes} == {port["name"]}


def test_the_deployment_of_http_mode_differs_only_where_it_must() -> None:
    deployment, settings = deployment_and_settings("kubernetes-http.yml")
    of_socket_mode, _ = deployment_and_settings("kubernetes.yml")
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    port = container["ports"].pop()
    added = container["envFrom"].pop()
    grace = pod.pop("terminationGracePeriodSeconds")
    seconds = container["readinessProbe"].pop("periodSeconds")
    path = container["readinessProbe"]["httpGet"].pop("path")
    assert deployment.pop("strategy") == {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    (its_container,) = of_socket_mode["template"]["spec"]["containers"]
    usual_grace = of_socket_mode["template"]["spec"].pop("terminationGracePeriodSeconds")
    its_container["readinessProbe"].pop("periodSeconds")
    its_container["readinessProbe"]["httpGet"].pop("path")

    assert deployment == of_socket_mode
    assert path == "/readyz/slack"
    assert added == {"configMapRef": {"name": "queue-bot-http"}}
    drain = int(settings["QUEUE_BOT_DRAIN_SECONDS"])
    # A balancer that reads the probes has noticed the end before the port closes.
    assert drain >= 2 * seconds
    assert grace >= usual_grace + drain
    assert usual_grace > STOP_SECONDS
    (service,) = [o["spec"] for o in objects("kubernetes-http.yml") if o["kind"] == "Service"]
    assert service["selector"] == deployment["template"]["metadata"]["labels"]
    assert [one["targetPort"] for one in service["ports"]] == [port["name"]]
    assert str(port["containerPort"]) == settings["QUEUE_BOT_HTTP_PORT"]


def test_the_settings_of_http_mode_start_the_bot(tmp_path: Path) -> None:
    _, usual = deployment_and_settings("kubernetes.yml")
    _, added = deployment_and_settings("kubernetes-http.yml")
    merged = {**usual, **added}
    values = {
        "DATABASE_URL": "mysql+pymysql://queue_bot:x@db/shop",
        "SLACK_BOT_TOKEN": "xoxb-1-2-x",
        "SLACK_SIGNING_SECRET": "0" * 32,
        "QUEUE_BOT_AUDIT_KEY": "0" * 64,
    }
    for name, value in values.items():
        secret = tmp_path / name
        secret.write_text(value)
        assert merged[f"{name}_FILE"]
        merged[f"{name}_FILE"] = str(secret)

    assert load_settings(merged, need="run").mode == "http"
