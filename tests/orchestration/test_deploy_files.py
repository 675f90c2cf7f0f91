"""What lies in deploy/ fits the product: the same settings, commands that are there, no secret."""

import re
import shlex
import sysconfig
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def settings(path: Path) -> dict[str, object]:
    return yaml.safe_load(path.read_text())


def test_the_deployed_instance_differs_from_the_embedded_one_in_storage_and_launcher_only():
    embedded = settings(ROOT / "dagster_home" / "dagster.yaml")
    deployed = settings(DEPLOY / "dagster.yaml")

    differing = {k for k in embedded | deployed if embedded.get(k) != deployed.get(k)}

    assert differing == {"storage", "run_launcher"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_runs_a_program_of_ours_without_rights_and_without_secrets(unit):
    text = unit.read_text()
    (command,) = re.findall(r"^ExecStart=(.+)$", text, re.M)
    program = Path(shlex.split(command)[0])

    assert (Path(sysconfig.get_path("scripts")) / program.name).exists()
    assert "NoNewPrivileges=yes" in text
    assert "ProtectSystem=strict" in text
    assert "User=campanile" in text
    assert not re.search(r"(?i)password|secret|Environment=", text)


@pytest.mark.parametrize("template", sorted(DEPLOY.glob("*.env.example")), ids=lambda p: p.name)
def test_an_env_template_leaves_every_password_open(template):
    for line in template.read_text().splitlines():
        name, _, value = line.partition("=")
        assert not ("PASSWORD" in name and value), line


def test_containers_run_what_the_units_run():
    services = settings(DEPLOY / "docker" / "compose.yaml")["services"]
    for name in ("code", "daemon", "webserver", "tracking"):
        unit = (DEPLOY / "systemd" / f"campanile-{name}.service").read_text()
        (command,) = re.findall(r"^ExecStart=/opt/campanile/bin/(.+)$", unit, re.M)
        assert services[name]["command"].split()[:2] == command.split()[:2]
        assert services[name]["cap_drop"] == ["ALL"]
    open_ports = {name: one.get("ports", []) for name, one in services.items()}
    assert {n for n, ports in open_ports.items() if ports} == {"webserver", "tracking"}
    assert all(port.startswith("127.0.0.1:") for ports in open_ports.values() for port in ports)
