"""From nothing to the first mail: `setup`, on a terminal and with flags; what it writes, prints and never touches."""
import grp
import json
import os
import pty
import re
import select
import shlex
import socket
import stat
import subprocess
import time

import pytest

from harness.keys import openssl
from harness.processes import Process
from harness.relay import CONFIGURATION, DATA, REPOSITORY, USAGE
from harness.upstreams import PASSWORD, USER
from harness.waiting import free_ports, port_open, until

DOMAIN = "mail.example.com"
RAW_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
DERIVED = {"eu-west-1": "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk", "us-west-2": "BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("SES_", "AWS_"))}


class Host:
    """A folder in the place of /etc/fairlead."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, str(folder)
        self.config = os.path.join(self.folder, "etc", "fairlead.yaml")

    def path(self, name):
        return os.path.join(self.folder, "etc", name)

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def command(self, *arguments):
        return [self.binary, *map(str, arguments), "--config", self.config]

    def run(self, *arguments, stdin="", expect=0, env=None):
        done = subprocess.run(self.command(*arguments), input=stdin, text=True, capture_output=True, timeout=60,
                              env={**ENVIRONMENT, **(env or {})})
        assert done.returncode == expect, f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def setup(self, *arguments, **options):
        return self.run("setup", "--no-check", "--hostname", "relay.example.com", *arguments, **options)

    def snapshot(self):
        found = {}
        for folder, _, names in os.walk(self.path("")):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    found[path] = (f.read(), os.stat(path).st_mtime_ns)
        return found


BASIC = ["--domain", DOMAIN, "--smtp-user", USER, "--smtp-password", PASSWORD]


@pytest.fixture
def host(binary, tmp_path):
    return Host(binary, tmp_path)


def test_flags_make_everything(host):
    out = host.setup(*BASIC, "--app", "shop").stdout
    text = host.read("fairlead.yaml")
    assert f"- domain: {DOMAIN}" in text and f"operator: postmaster@{DOMAIN}" in text and "\nhostname: relay.example.com" in text
    assert "host: email-smtp.eu-west-1.amazonaws.com" in text
    assert f"SES_SMTP_USERNAME={USER}\nSES_SMTP_PASSWORD={PASSWORD}\n" in host.read("ses.env")
    assert re.search(r"^shop:\$y\$", host.read("passwords"), re.M)
    for name in ["ses.env", "passwords", "tls/privkey.pem"]:
        assert stat.S_IMODE(os.stat(host.path(name)).st_mode) & 0o007 == 0, name
    names = openssl("x509", "-in", host.path("tls/fullchain.pem"), "-noout", "-ext", "subjectAltName").decode()
    assert "DNS:relay.example.com" in names and "DNS:localhost" in names
    key, = os.listdir(host.path("dkim"))
    record = re.search(r"value  (v=DKIM1; \S+ p=\S+)", out)[1]
    public = "".join(openssl("pkey", "-in", host.path(f"dkim/{key}"), "-pubout").decode().splitlines()[1:-1])
    assert record.endswith(public)
    # Self-signed, and where the real one goes.
    assert host.path("tls/fullchain.pem") in out and "certbot" in out and "self-signed" in out
    assert "dns records" in out and "fairlead test" in out
    assert "the configuration is good" in host.run("check", "config").stdout


def test_comments_of_the_configuration_stay(host):
    host.setup(*BASIC)
    with open(os.path.join(REPOSITORY, "config", "fairlead.yaml")) as f:
        shipped = [line for line in f.read().splitlines() if line.lstrip().startswith("# ")]
    written = host.read("fairlead.yaml").splitlines()
    assert len(shipped) > 50
    # One comment names the record of the key.
    assert [line for line in shipped if line not in written and "_domainkey" not in line] == []


def test_the_embedded_template_is_the_shipped_one():
    done = subprocess.run([os.path.join(REPOSITORY, ".ci", "embed-templates"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_it_can_be_run_again_and_overwrites_nothing(host):
    host.setup(*BASIC, "--app", "shop")
    before = host.snapshot()
    again = json.loads(host.setup("--json").stdout)
    assert host.snapshot() == before
    assert {file["state"] for file in again["files"]} == {"kept"} and "password" not in again and again["account"] == "shop"
    # The same command again is no mistake.
    host.setup(*BASIC, "--app", "shop", "--region", "eu-west-1", "--operator", f"postmaster@{DOMAIN}")
    host.setup(*BASIC[:4], "--password-stdin", stdin=PASSWORD + "\n")
    assert host.snapshot() == before
    refused = host.setup("--domain", "other.example", expect=CONFIGURATION)
    assert "- domain: other.example" in refused.stderr and host.snapshot() == before


@pytest.mark.parametrize("flags, words", [
    (["--region", "us-east-1"], ["--region", "`upstream.host`", "eu-west-1"]),
    (["--operator", "x@y.example"], ["--operator", "`operator`", f"postmaster@{DOMAIN}"]),
    (["--hostname", "other.example.com"], ["--hostname", "`hostname`", "relay.example.com"]),
    (["--selector", "other"], ["--selector", "`identities.dkim.selector`"]),
    (["--upstream-host", "sandbox.example"], ["--upstream-host", "`upstream.host`"]),
    (["--upstream-port", "465"], ["--upstream-port", "`upstream.port`", "587"]),
    (["--smtp-user", "AKIAOTHER"], ["ses.env", "is kept"]),
    (["--smtp-password", "other"], ["ses.env", "is kept"]),
    (["--access-key-id", "AKIAOTHER"], ["ses.env", "is kept"]),
    (["--password-stdin"], ["ses.env", "is kept"]),
])
def test_a_flag_that_a_file_contradicts_is_not_passed_over(host, flags, words):
    host.setup(*BASIC)
    before = host.snapshot()
    done = host.setup(*flags, stdin="another\n", expect=CONFIGURATION)
    assert all(word in done.stderr for word in words), done.stderr
    assert host.snapshot() == before


def has_group():
    return any(group.gr_name == "fairlead" for group in grp.getgrall())


@pytest.mark.skipif(os.geteuid() != 0 or has_group(), reason="only root without the group is told how to share the files")
def test_nothing_of_other_programs_is_to_be_shared(host):
    """A configuration that lies among other files, such as /etc/fairlead.yaml."""
    with_others = next(w for w in json.loads(host.setup(*BASIC, "--json").stdout)["warnings"] if "chgrp" in w)
    words = with_others.split()
    assert "-R" not in words and host.path("")[:-1] not in words
    assert all(host.path(name) in words for name in ["fairlead.yaml", "ses.env", "passwords", "tls", "tls/privkey.pem", "dkim"])
    command = with_others[with_others.index("chgrp"):].replace("chgrp fairlead", f"chgrp {os.getgid()}")
    subprocess.run(["sh", "-ec", command], check=True)


def test_the_hook_for_renewals_knows_the_configuration(host):
    step = next(step for step in json.loads(host.setup(*BASIC, "--json").stdout)["to_do"] if "certbot certonly" in step)
    words = shlex.split(step[step.index("certbot certonly"):])
    assert words[words.index("-d") + 1] == "relay.example.com"
    hook = shlex.split(words[words.index("--deploy-hook") + 1])
    assert hook[:3] == ["fairlead", "certificate", "install"] and hook[hook.index("--config") + 1] == host.config
    assert hook[-2:] == ["$RENEWED_LINEAGE/fullchain.pem", "$RENEWED_LINEAGE/privkey.pem"]


@pytest.mark.skipif("." in socket.getfqdn(), reason="this host has a full name")
def test_a_host_without_a_full_name_must_be_given_one(host):
    assert "--hostname" in host.run("setup", "--no-check", *BASIC, expect=USAGE).stderr
    assert not os.path.exists(host.path(""))


def test_one_missing_file_is_made_again(host):
    host.setup(*BASIC)
    before = host.snapshot()
    os.remove(host.path("ses.env"))
    assert "--smtp-user" in host.setup(expect=USAGE).stderr
    host.setup(stdin=PASSWORD + "\n", *["--smtp-user", USER, "--password-stdin"])
    assert {path for path, state in host.snapshot().items() if before.get(path) != state} == {host.path("ses.env")}


def test_another_app(host):
    host.setup(*BASIC, "--app", "shop")
    second = json.loads(host.setup("--app", "crm", "--json").stdout)
    assert second["account"] == "crm" and len(second["password"]) == 32
    assert re.findall(r"^(\w+):", host.read("passwords"), re.M) == ["shop", "crm"]


def test_what_the_package_ships_counts_as_nothing(host):
    os.makedirs(host.path(""))
    for source, name in [("fairlead.yaml", "fairlead.yaml"), ("ses.env.example", "ses.env")]:
        with open(os.path.join(REPOSITORY, "config", source)) as f, open(host.path(name), "w") as g:
            g.write(f.read())
    host.setup("--domain", "d.example", "--smtp-user", USER, "--smtp-password", PASSWORD)
    assert "- domain: d.example" in host.read("fairlead.yaml")
    env = host.read("ses.env")
    assert env.count("SES_SMTP_PASSWORD=") == 1 and "# /etc/fairlead/ses.env" in env


def test_a_touched_configuration_is_not_ours_to_change(host):
    os.makedirs(host.path(""))
    with open(os.path.join(REPOSITORY, "config", "fairlead.yaml")) as f, open(host.config, "w") as g:
        g.write(f.read().replace("ops@example.com", "ops@corp.example"))
    before = host.read("fairlead.yaml")
    assert "has no identity d.example" in host.setup("--domain", "d.example", expect=CONFIGURATION).stderr
    assert host.read("fairlead.yaml") == before and os.listdir(host.path("")) == ["fairlead.yaml"]


@pytest.mark.parametrize("region", DERIVED)
def test_the_password_is_derived_from_an_access_key(host, region):
    host.setup("--domain", DOMAIN, "--region", region, "--access-key-id", USER, "--password-stdin", stdin=RAW_SECRET + "\n")
    env = host.read("ses.env")
    assert f"SES_SMTP_PASSWORD={DERIVED[region]}\n" in env and RAW_SECRET not in env
    assert f"host: email-smtp.{region}.amazonaws.com" in host.read("fairlead.yaml")


def test_credentials_from_the_environment(host):
    host.setup("--domain", DOMAIN, env={"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": RAW_SECRET})
    assert DERIVED["eu-west-1"] in host.read("ses.env")


@pytest.mark.parametrize("password", ["with space ", "'quoted'", "a=b+c/d#e", "ü"])
def test_odd_passwords_survive(host, password):
    host.setup("--domain", DOMAIN, "--smtp-user", USER, "--smtp-password", password)
    line = host.read("ses.env").splitlines()[-1].removeprefix("SES_SMTP_PASSWORD=")
    assert line in (password, f'"{password}"')
    host.run("check", "config")


@pytest.mark.parametrize("arguments, words", [
    ([], ["--domain", "--smtp-user", "--password-stdin"]),
    (["--domain", "not a domain", *BASIC[2:]], ["--domain", "no domain"]),
    (["--domain", DOMAIN, "--region", "ireland", *BASIC[2:]], ["--region", "eu-west-1"]),
    ([*BASIC, "--operator", "nobody"], ["--operator", "no address"]),
    ([*BASIC, "--app", "a b"], ["--app", "account name"]),
    ([*BASIC, "--selector", "a_b"], ["--selector"]),
    ([*BASIC[:2], "--smtp-user", "A B", *BASIC[4:]], ["--smtp-user"]),
])
def test_what_is_wrong_is_said_and_nothing_is_written(host, arguments, words):
    done = host.setup(*arguments, expect=USAGE)
    assert all(word in done.stderr for word in words), done.stderr
    assert not os.path.exists(host.path(""))


def test_half_a_certificate_is_not_guessed_at(host):
    os.makedirs(host.path("tls"))
    with open(host.path("tls/fullchain.pem"), "w") as f:
        f.write("x")
    assert "privkey.pem" in host.setup(*BASIC, expect=DATA).stderr
    assert host.read("tls/fullchain.pem") == "x"


# -- on a terminal

class Terminal:
    """A command on a terminal of its own; `expect` waits for words, `type` answers."""

    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, {**ENVIRONMENT, "TERM": "dumb"})
        self.seen, self.mark = "", 0

    def expect(self, words, seconds=20):
        deadline = time.monotonic() + seconds
        while words not in self.seen[self.mark:]:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no {words!r} in {self.seen!r}"
            try:
                piece = os.read(self.fd, 4096)
            except OSError:
                piece = b""
            assert piece, f"ended before {words!r}: {self.seen!r}"
            self.seen += piece.decode(errors="replace")
        self.mark = self.seen.index(words, self.mark) + len(words)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        while True:
            try:
                piece = os.read(self.fd, 4096)
            except OSError:
                break
            if not piece:
                break
            self.seen += piece.decode(errors="replace")
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_it_asks_on_a_terminal(host):
    terminal = Terminal(host.command("setup", "--no-check", "--hostname", "relay.example.com"))
    terminal.expect("verified in SES: ")
    terminal.type("nonsense domain\n")
    terminal.expect("is no domain")
    terminal.expect("verified in SES: ")
    terminal.type(DOMAIN + "\n")
    terminal.expect("[eu-west-1]: ")
    terminal.type("\n")
    terminal.expect(f"[postmaster@{DOMAIN}]: ")
    terminal.type("ops@corp.example\n")
    terminal.expect("SMTP user name")
    terminal.type(USER + "\n")
    terminal.expect("(not shown): ")
    terminal.type("mistaken\x15" + PASSWORD + "x\x7f\r")
    terminal.expect("[app]: ")
    terminal.type("shop\n")
    assert terminal.end() == 0, terminal.seen
    assert PASSWORD not in terminal.seen and "mistaken" not in terminal.seen
    assert f"SES_SMTP_PASSWORD={PASSWORD}\n" in host.read("ses.env") and "operator: ops@corp.example" in host.read("fairlead.yaml")


def test_a_typed_secret_access_key_is_recognised(host):
    terminal = Terminal(host.command("setup", "--no-check", "--hostname", "r.example", "--domain", DOMAIN, "--smtp-user", USER,
                                     "--operator", "ops@corp.example", "--region", "us-west-2", "--app", "shop"))
    terminal.expect("(not shown): ")
    terminal.type(RAW_SECRET + "\n")
    terminal.expect("[Y/n] ")
    terminal.type("\n")
    assert terminal.end() == 0, terminal.seen
    assert DERIVED["us-west-2"] in host.read("ses.env")


def test_ctrl_c_at_the_password_leaves_nothing_behind(host):
    terminal = Terminal(host.command("setup", "--domain", DOMAIN, "--smtp-user", USER, "--operator", "o@c.example", "--region", "eu-west-1",
                                     "--hostname", "r.example"))
    terminal.expect("(not shown): ")
    terminal.type("abc\x03")
    assert terminal.end() == 130 and not os.path.exists(host.path(""))


def test_a_refused_login_can_be_typed_again(host, make):
    sandbox = make.sandbox()
    terminal = Terminal(host.command(
        "setup", "--domain", DOMAIN, "--smtp-user", USER, "--operator", "o@c.example", "--region", "eu-west-1", "--hostname", "localhost",
        "--app", "shop", "--upstream-host", "localhost", "--upstream-port", sandbox.port, "--ca-file", make.keys.ca))
    terminal.expect("(not shown): ")
    terminal.type("wrong\n")
    terminal.expect("535")
    terminal.expect("in eu-west-1 (the region is upstream.region in ")
    terminal.expect("[Y/n] ")
    terminal.type("y\n")
    terminal.expect("[eu-west-1]: ")
    terminal.type("us-west-2\n")
    terminal.expect(f"[{USER}]: ")
    terminal.type("\n")
    terminal.expect("(not shown): ")
    terminal.type(PASSWORD + "\n")
    assert terminal.end() == 0, terminal.seen
    env = host.read("ses.env")
    assert env.count("SES_SMTP_PASSWORD=") == 1 and PASSWORD in env and "good" in terminal.seen
    assert "\n  region: us-west-2\n" in host.read("fairlead.yaml") and "SES console (us-west-2" in terminal.seen


def test_the_region_of_a_configuration_that_was_there_stays(host, make):
    sandbox = make.sandbox()
    host.setup(*BASIC, "--app", "shop", "--upstream-host", "localhost", "--upstream-port", sandbox.port, "--ca-file", make.keys.ca)
    os.remove(host.path("ses.env"))
    before = host.read("fairlead.yaml")
    terminal = Terminal(host.command("setup", "--smtp-user", USER))
    terminal.expect("(not shown): ")
    terminal.type("wrong\n")
    terminal.expect("[Y/n] ")
    terminal.type("y\n")
    terminal.expect(f"[{USER}]: ")
    terminal.type("\n")
    terminal.expect("(not shown): ")
    terminal.type(PASSWORD + "\n")
    assert terminal.end() == 0, terminal.seen
    assert host.read("fairlead.yaml") == before and "AWS region" not in terminal.seen


# -- and then it runs

def test_from_nothing_to_the_first_mail(host, make):
    """With the ports of this test in place of 465 and 587, and nothing else by hand."""
    sandbox = make.sandbox()
    made = json.loads(host.run(
        "setup", *BASIC, "--app", "shop", "--hostname", "localhost", "--upstream-host", "localhost", "--upstream-port", sandbox.port,
        "--ca-file", make.keys.ca, "--json").stdout)
    assert made["login"] == {"ok": True}
    starttls, implicit = free_ports(2)
    text = host.read("fairlead.yaml")
    for old, new in [("[::]:587", f"127.0.0.1:{starttls}"), ("[::]:465", f"127.0.0.1:{implicit}"), ("path: /var/lib/fairlead", "path: queue"),
                     ("control: /run/fairlead/control.sock", "control: control.sock"), ("http: 127.0.0.1:9587", "http: off")]:
        assert old in text
        text = text.replace(old, new)
    with open(host.config, "w") as f:
        f.write(text)
    daemon = Process(host.command("serve"), os.path.join(host.folder, "log"))
    try:
        daemon.ready(lambda: port_open(implicit))
        done = host.run("test", "you@customer.example")
        assert "accepted" in done.stdout and "relayed" in done.stdout and "self-signed" in done.stdout
        answer = json.loads(host.run("test", "you@customer.example", "--json").stdout)
        assert answer["ok"] and [e["event"] for e in answer["events"]][-1] == "relayed"
        message, = [m for m in until(lambda: len(sandbox.messages()) == 2 and sandbox.messages(), "two messages")][:1]
        assert b"Test message from Fairlead" in message
        # The settings that were printed are those of an app: another client, the printed password, the certificate that was made.
        subprocess.run(["curl", "--silent", "--show-error", "--cacert", host.path("tls/fullchain.pem"), f"smtps://localhost:{implicit}",
                        "--user", f"shop:{made['password']}", "--mail-from", f"a@{DOMAIN}", "--mail-rcpt", "you@customer.example",
                        "--upload-file", "-"], input=b"From: a@mail.example.com\r\nSubject: hello\r\n\r\nhello\r\n", check=True, timeout=30)
        until(lambda: len(sandbox.messages()) == 3, "the message of the app")
        # A second app needs no restart.
        second = json.loads(host.run("setup", "--no-check", "--app", "crm", "--json").stdout)
        assert not any("Start the relay" in step for step in second["to_do"])
        assert json.loads(host.run("test", "you@customer.example", "--account", "crm", "--json").stdout)["account"] == "crm"
    finally:
        daemon.stop()
