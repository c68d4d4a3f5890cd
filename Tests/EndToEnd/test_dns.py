"""`dns records` as a real name server takes them, and `dns check` against that server."""
import json
import os
import pwd
import re
import subprocess

import pytest

from harness.processes import Process
from harness.relay import DOMAIN, SELECTOR, UNAVAILABLE, USAGE
from harness.waiting import free_ports

NAME = f"{SELECTOR}._domainkey.{DOMAIN}"
SOA = "@ 60 IN SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n@ 60 IN NS ns.test.\n"


class NSD:
    """A name server with one zone, `com`, which has the lines that it is given."""

    def __init__(self, folder):
        self.folder, self.port = str(folder), free_ports(1)[0]
        self.zone = os.path.join(self.folder, "zone")
        self.conf = os.path.join(self.folder, "nsd.conf")
        user = pwd.getpwuid(os.geteuid()).pw_name
        with open(self.conf, "w") as f:
            f.write(f"""server:
  ip-address: 127.0.0.1@{self.port}
  username: "{user}"
  database: ""
  zonesdir: "{self.folder}"
  zonelistfile: "{self.folder}/zone.list"
  xfrdfile: ""
  xfrdir: "{self.folder}"
  pidfile: ""
  logfile: "{self.folder}/nsd.log"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "com"
  zonefile: "zone"
""")
        self.process = None

    def serve(self, lines):
        """Loads the lines; a zone that nsd-checkzone does not like is an error."""
        self.stop()
        with open(self.zone, "w") as f:
            f.write("$ORIGIN com.\n" + SOA + lines)
        checked = subprocess.run(["/usr/sbin/nsd-checkzone", "com", self.zone], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        self.process = Process(["/usr/sbin/nsd", "-d", "-c", self.conf], os.path.join(self.folder, "log"))
        self.process.ready(self._answers)
        return self

    def _answers(self):
        import socket
        question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03com\x00\x00\x06\x00\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            try:
                sock.sendto(question, ("127.0.0.1", self.port))
                return sock.recv(512)[:2] == b"\x12\x34"
            except OSError:
                return False

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        if self.process:
            self.process.stop()


@pytest.fixture
def nsd(tmp_path):
    folder = tmp_path / "nsd"
    folder.mkdir()
    server = NSD(folder)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def relay(binary, make_for_module):
    return make_for_module.relay(1, start=False)


def check(relay, nsd, *arguments, expect=0):
    text = relay.cli("dns", "check", "--dns-server", nsd.address, *arguments, expect=expect).stdout
    rows = json.loads(relay.cli("dns", "check", "--json", "--dns-server", nsd.address, *arguments, expect=expect).stdout)
    assert len(text.splitlines()) == len(rows)
    for row in rows:
        assert row["finding"] in text
    return {row["purpose"]: row for row in rows}


def test_every_record_as_a_real_server_takes_it(relay, nsd):
    nsd.serve(relay.cli("dns", "records").stdout)
    found = check(relay, nsd)
    assert {purpose: row["state"] for purpose, row in found.items()} == dict.fromkeys(["dkim", "dmarc", "mail_from_mx", "mail_from_spf"], "match")
    assert not any("cure" in row for row in found.values())


def test_the_records(relay, keys):
    rows = {row["purpose"]: row for row in relay.json("dns", "records")}
    assert rows["dkim"]["name"] == NAME and rows["dkim"]["value"].encode() == keys.dkim_record and rows["dkim"]["need"] == "required"
    assert rows["dmarc"]["value"] == "v=DMARC1; p=none; rua=mailto:ops@mail.example.com"
    assert (rows["mail_from_mx"]["name"], rows["mail_from_mx"]["value"]) == (f"bounce.{DOMAIN}", "10 feedback-smtp.eu-west-1.amazonses.com")
    assert rows["mail_from_spf"]["value"] == "v=spf1 include:amazonses.com ~all"
    assert set(rows) == {"dkim", "dmarc", "mail_from_mx", "mail_from_spf"}
    assert {row["purpose"] for row in relay.json("dns", "records", "--mail-from", "none")} == {"dkim", "dmarc"}


def test_easy_dkim(relay, nsd):
    tokens = ["aaa111", "bbb222", "ccc333"]
    lines = relay.cli("dns", "records", "--easy-dkim", *tokens).stdout
    assert "aaa111._domainkey.mail.example.com. 3600 IN CNAME aaa111.dkim.amazonses.com." in lines
    # SES has no keys for these: the names lead nowhere.
    nsd.serve(lines)
    rows = json.loads(relay.cli("dns", "check", "--json", "--dns-server", nsd.address, "--easy-dkim", *tokens, expect=None).stdout)
    assert [row["state"] for row in rows if row["purpose"] == "easy_dkim"] != ["match"] * 3
    nsd.serve("".join(f'{token}._domainkey.mail.example.com. 60 IN TXT "p=MIGf"\n' for token in tokens) + relay.cli("dns", "records").stdout)
    rows = json.loads(relay.cli("dns", "check", "--json", "--dns-server", nsd.address, "--easy-dkim", *tokens).stdout)
    assert [row["state"] for row in rows if row["purpose"] == "easy_dkim"] == ["match"] * 3


def test_for_terraform(relay):
    text = relay.cli("dns", "records", "--format", "terraform").stdout
    assert text.count('resource "aws_route53_record"') == 4 and text.count("{") == text.count("}")
    labels = re.findall(r'resource "aws_route53_record" "(\w+)"', text)
    assert len(set(labels)) == 4 and all(re.fullmatch(r"[a-z_]\w*", label) for label in labels)
    # The two strings of the key, split as the provider wants it.
    key, = re.findall(r'records = \["(v=DKIM1; [^\n]*)"\]', text)
    first, second = key.split('\\"\\"')
    assert len(first) == 255 and len(second) < 255 and '"' not in first + second


CASES = {
    "nothing at all": ("", {"dkim": "missing", "dmarc": "missing", "mail_from_mx": "missing", "mail_from_spf": "missing"}, 1),
    "the key alone": ("KEY", {"dkim": "match", "dmarc": "missing", "mail_from_mx": "missing"}, 0),
    "another key": (f'{NAME}. 60 IN TXT "v=DKIM1; p=b3RoZXI="', {"dkim": "other_key"}, 1),
    "a policy of the domain above": ('KEY\n_dmarc.example.com. 60 IN TXT "v=DMARC1; p=reject"', {"dmarc": "match"}, 0),
    "two policies": ('KEY\n_dmarc.mail.example.com. 60 IN TXT "v=DMARC1; p=none"\n_dmarc.mail.example.com. 60 IN TXT "v=DMARC1; p=reject"',
                     {"dmarc": "several"}, 1),
    "half a MAIL FROM": ("KEY\nbounce.mail.example.com. 60 IN MX 10 feedback-smtp.eu-west-1.amazonses.com.",
                         {"mail_from_mx": "match", "mail_from_spf": "missing"}, 1),
    "another region's": ('KEY\nbounce.mail.example.com. 60 IN MX 10 feedback-smtp.us-east-1.amazonses.com.\n'
                         'bounce.mail.example.com. 60 IN TXT "v=spf1 include:amazonses.com -all"', {"mail_from_mx": "other"}, 1),
    "two MX": ('KEY\nbounce.mail.example.com. 60 IN MX 10 feedback-smtp.eu-west-1.amazonses.com.\n'
               'bounce.mail.example.com. 60 IN MX 20 mx.example.com.', {"mail_from_mx": "several"}, 1),
    "another preference": ('KEY\nbounce.mail.example.com. 60 IN MX 5 feedback-smtp.eu-west-1.amazonses.com.\n'
                           'bounce.mail.example.com. 60 IN TXT "v=spf1 ip4:192.0.2.1 include:amazonses.com ~all"',
                           {"mail_from_mx": "match", "mail_from_spf": "match"}, 0),
    "a name that serves something else": ("KEY\nbounce.mail.example.com. 60 IN MX 10 mx.example.com.",
                                          {"mail_from_mx": "other", "mail_from_spf": "other"}, 0),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_there(relay, nsd, case):
    lines, states, code = CASES[case]
    key = next(row["zone"] for row in relay.json("dns", "records") if row["purpose"] == "dkim")
    nsd.serve(lines.replace("KEY", key) + "\n")
    found = check(relay, nsd, expect=code)
    assert {purpose: found[purpose]["state"] for purpose in states} == states
    assert all(("cure" in row) == (row["state"] != "match") for row in found.values())


def test_a_name_that_was_said_must_be_there(relay, nsd):
    nsd.serve(relay.cli("dns", "records", "--mail-from", "none").stdout)
    assert check(relay, nsd)["mail_from_mx"]["state"] == "missing"
    assert check(relay, nsd, "--mail-from", "mf", expect=1)["mail_from_mx"]["name"] == f"mf.{DOMAIN}"


def test_without_an_answer(relay):
    port, = free_ports(1)
    done = relay.cli("dns", "check", "--dns-server", f"127.0.0.1:{port}", expect=UNAVAILABLE)
    assert "did not tell" in done.stdout
    assert "no address" in relay.cli("dns", "check", "--dns-server", "nonsense", expect=USAGE).stderr
    relay.cli("dns", "records", "--identity", "other.example", expect=USAGE)
    relay.cli("dns", "records", "--mail-from", "a b", expect=USAGE)


def test_of_an_address_only_the_key(make):
    relay = make.relay(1, start=False)
    relay.configure(identities=[{"address": "billing@partner.example", "dkim": relay.config["identities"][0]["dkim"]}])
    assert [row["purpose"] for row in relay.json("dns", "records")] == ["dkim"]
