"""The files of docs/deploy agree with the program: settings, secrets, user and probes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bot.settings.environment import needed
from bot.settings.settings import Settings
from bot.settings.variables import variables

DOCS = Path(__file__).parents[1] / "docs"
DEPLOY = DOCS / "deploy"
KNOWN = {*variables(), *(f"{name}_FILE" for name in Settings.SECRETS)}


def objects() -> list[dict[str, Any]]:
    """Return the objects of the Kubernetes file."""
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yml").read_text()))


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
