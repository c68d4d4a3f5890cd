"""The settings that `setup` prints: the pages in docs/apps show the same, and the frameworks themselves send with them."""
import json
import os
import subprocess

import pytest

from harness import apps
from harness.processes import Process
from harness.relay import BINARY, REPOSITORY
from harness.upstreams import PASSWORD, USER
from harness.waiting import free_ports, port_open, until


def made_by_setup(config, *arguments):
    done = subprocess.run(
        [BINARY, "setup", "--no-check", "--json", *arguments, "--config", str(config)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def printed(binary, tmp_path_factory):
    """What setup prints of an account that is there already, as the pages have it."""
    config = tmp_path_factory.mktemp("etc") / "fairlead.yaml"
    made_by_setup(config, "--domain", "mail.example.com", "--smtp-user", USER, "--smtp-password", PASSWORD, "--hostname", "relay.example.com",
          "--app", "shop")
    return made_by_setup(config)["apps"]


@pytest.mark.parametrize("framework", apps.FRAMEWORKS)
def test_the_page_has_the_lines_of_setup(printed, framework):
    assert apps.block(framework, "sh").splitlines() == printed[framework]


def test_every_framework_has_a_page(printed):
    assert set(printed) == set(apps.FRAMEWORKS)
    pages = {name[:-3] for name in os.listdir(os.path.join(REPOSITORY, "docs", "apps"))} - {"README"}
    assert pages == set(apps.FRAMEWORKS)
    assert all(f"]({name}.md)" in apps.page("README") for name in pages)


class Installation:
    """What setup made, running, with the ports of this test."""

    def __init__(self, folder, sandbox, keys, listeners):
        self.folder, self.config = str(folder), os.path.join(str(folder), "fairlead.yaml")
        arguments = ["--domain", "mail.example.com", "--smtp-user", USER, "--smtp-password", PASSWORD, "--hostname", "localhost",
                     "--upstream-host", "localhost", "--upstream-port", str(sandbox.port), "--ca-file", keys.ca]
        made_by_setup(self.config, *arguments)
        with open(self.config) as f:
            text = f.read()
        for old, new in [('  - { address: "[::]:587", tls: starttls }\n  - { address: "[::]:465", tls: implicit }\n', listeners),
                         ("path: /var/lib/fairlead", "path: queue"), ("control: /run/fairlead/control.sock", "control: control.sock"),
                         ("http: 127.0.0.1:9587", "http: off")]:
            assert old in text
            text = text.replace(old, new)
        with open(self.config, "w") as f:
            f.write(text)
        # Its lines as setup prints them for these ports.
        self.apps = made_by_setup(self.config, "--app", "shop")["apps"]
        self.certificate = os.path.join(self.folder, "tls", "fullchain.pem")
        self.process = Process([BINARY, "serve", "--config", self.config], os.path.join(self.folder, "log"))


@pytest.fixture(scope="module", params=["implicit", "starttls"])
def installation(request, binary, tmp_path_factory, make_for_module):
    sandbox = make_for_module.sandbox()
    port, = free_ports(1)
    made = Installation(tmp_path_factory.mktemp("fairlead"), sandbox, make_for_module.keys,
                        f'  - {{ address: "127.0.0.1:{port}", tls: {request.param} }}\n')
    made.sandbox, made.kind = sandbox, request.param
    made.process.ready(lambda: port_open(port))
    yield made
    made.process.stop()


@pytest.mark.parametrize("app", apps.APPS, ids=lambda app: app.name)
def test_the_framework_sends_with_them(installation, app, tmp_path):
    if app.missing():
        pytest.skip(app.missing())
    subject = f"from {app.name} by {installation.kind}"
    env = apps.environment(installation.apps[app.name])
    done = app.send(tmp_path, env, installation.certificate, "anna@customer.example", subject)
    assert done.returncode == 0, done.stdout + done.stderr

    def arrived():
        return [m for m in installation.sandbox.messages() if f"Subject: {subject}".encode() in m]
    message, = until(arrived, f"the message of {app.name}")
    assert b"no-reply@mail.example.com" in message.partition(b"\r\n\r\n")[0]
