"""The relay under test: its folder, its configuration, its process, its command line."""
import copy
import json
import os
import secrets
import subprocess

from .processes import Process
from .upstreams import PASSWORD as UPSTREAM_PASSWORD
from .upstreams import USER as UPSTREAM_USER
from .waiting import free_ports, port_open, until

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BINARY = os.environ.get("FAIRLEAD", os.path.join(REPOSITORY, ".build", "release", "fairlead"))
USER, PASSWORD = "app", "a secret of the app: 7+/="
DOMAIN, SELECTOR, DEFAULT_SENDER = "mail.example.com", "fl2026", "no-reply@mail.example.com"

# sysexits(3), as far as the commands use them
USAGE, DATA, UNAVAILABLE, TEMPORARY, PERMISSION, CONFIGURATION = 64, 65, 69, 75, 77, 78


def merge(base, changes):
    """`base` with `changes` laid over it, key by key; a value of None takes the key away."""
    merged = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


class Relay:
    """One daemon in a folder of its own.

    `starttls`, `implicit` and `local` are its ports. The configuration is JSON, which fairlead.yaml may be.
    """

    def __init__(self, folder, keys, upstream_port, logins=((USER, PASSWORD),), **changes):
        self.folder, self.keys = str(folder), keys
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o700)
        self.starttls, self.implicit, self.local = free_ports(3)
        self.config_path = os.path.join(self.folder, "fairlead.yaml")
        self.control = os.path.join(self.folder, "control.sock")
        self.config = merge({
            "hostname": "relay.example.com",
            "operator": "ops@mail.example.com",
            "listeners": [{"address": f"127.0.0.1:{self.starttls}", "tls": "starttls"},
                          {"address": f"127.0.0.1:{self.implicit}", "tls": "implicit"}],
            "tls": {"certificate": keys.certificate(), "private_key": keys.key()},
            "passwords": "passwords",
            "identities": [{"domain": DOMAIN, "default_sender": DEFAULT_SENDER,
                            "dkim": {"selector": SELECTOR, "private_key": keys.dkim_key}}],
            "upstream": {"host": "localhost", "port": upstream_port, "tls": "starttls", "ca_file": keys.ca, "credentials": "ses.env",
                         "region": "eu-west-1", "rate": "unlimited"},
            "queue": {"path": "queue"},
            "limits": {"connections": 2000, "connections_per_ip": 2000},
            "control": self.control,
            "http": "off",
        }, changes)
        self.write_config()
        self.write_secret("ses.env", f"SES_SMTP_USERNAME={UPSTREAM_USER}\nSES_SMTP_PASSWORD={UPSTREAM_PASSWORD}\n")
        self.write_secret("passwords", "")
        self.process = None
        for name, password in logins:
            self.add_account(name, password)

    # -- files

    def path(self, name):
        return os.path.join(self.folder, name)

    def write_secret(self, name, text):
        with open(self.path(name), "w") as f:
            os.chmod(self.path(name), 0o600)
            f.write(text)

    def write_config(self, text=None):
        with open(self.config_path, "w") as f:
            f.write(json.dumps(self.config, indent=2) if text is None else text)

    def configure(self, **changes):
        """Changes the file; `cli("reload")` or SIGHUP makes it count."""
        self.config = merge(self.config, changes)
        self.write_config()

    # -- commands

    def cli(self, *arguments, stdin=None, expect=0, timeout=60):
        """Runs `fairlead ARGUMENTS --config F`; `expect` is the exit status, or None for any."""
        command = [BINARY, *map(str, arguments), "--config", self.config_path]
        done = subprocess.run(command, input=stdin, text=True, errors="replace", timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        if expect is not None:
            assert done.returncode == expect, \
                f"{' '.join(command[1:])} ended with {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments):
        """The one JSON value that a command prints with --json."""
        return json.loads(self.cli(*arguments, "--json").stdout)

    def json_lines(self, *arguments):
        """The objects, one a line, that `tail` and `queue list` print with --json."""
        return [json.loads(line) for line in self.cli(*arguments, "--json").stdout.splitlines()]

    def add_account(self, name, password):
        self.cli("account", "add", name, "--password-stdin", stdin=password + "\n")

    def queue(self):
        return self.json_lines("queue", "list")

    def wait_queue_empty(self, seconds=30):
        until(lambda: not self.queue(), lambda: f"an empty queue; {len(self.queue())} are left, log:\n{self.log()[-3000:]}", seconds, 0.1)

    # -- the daemon

    def start(self, env=None, seconds=15):
        self.process = Process([BINARY, "serve", "--config", self.config_path], self.path("log"), env)
        self.process.ready(lambda: port_open(self.starttls), seconds)
        return self

    def log(self):
        return self.process.log() if self.process else ""

    def kill(self):
        """kill -9"""
        self.process.kill()

    def stop(self, seconds=60):
        return self.process.stop(seconds) if self.process else 0

    def end(self):
        if self.process:
            self.process.kill()


def token():
    return secrets.token_hex(8)
