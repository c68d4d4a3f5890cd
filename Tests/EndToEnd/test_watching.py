"""What changes in certificates, passwords, aliases, ses.env and DKIM keys is taken up without a word from anybody, all or nothing."""
import json
import os
import shutil
import smtplib
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from harness import clients, messages
from harness.load import Load
from harness.relay import CONFIGURATION, PASSWORD, USER, token
from harness.upstreams import PASSWORD as UPSTREAM_PASSWORD
from harness.upstreams import USER as UPSTREAM_USER
from harness.waiting import free_ports, until


def submit(relay, keys, mark, **options):
    smtp = clients.connect(relay.starttls, keys)
    code, text = clients.submit(smtp, messages.plain(mark), **options)
    smtp.quit()
    assert code == 250, text


def served(relay):
    """The certificate that the port for implicit TLS shows."""
    said = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{relay.implicit}"], input=b"", stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=20).stdout
    return said[said.index(b"-----BEGIN"):said.index(b"-----END")]


def in_file(path):
    with open(path, "rb") as f:
        text = f.read()
    return text[text.index(b"-----BEGIN"):text.index(b"-----END")]


def credentials(password, user=UPSTREAM_USER):
    return f"SES_SMTP_USERNAME={user}\nSES_SMTP_PASSWORD={password}\n"


def can_log_in(relay, keys, password, network):
    try:
        clients.connect(relay.starttls, keys, password=password, source=(network, 0)).quit()
        return True
    except smtplib.SMTPAuthenticationError:
        return False


def warnings(relay):
    return "\n".join(relay.json("status")["warnings"])


def replace(source, target):
    shutil.copy(source, target + ".new")
    os.chmod(target + ".new", 0o600)
    os.rename(target + ".new", target)


# -- credentials of the upstream

def test_an_edited_ses_env_heals_a_refused_login(binary, make, keys):
    upstream = make.upstream()
    relay = make.relay(upstream, start=False)
    relay.write_secret("ses.env", credentials("not the password of it"))
    relay.start()
    mark = token()
    submit(relay, keys, mark)
    until(lambda: "535" in (relay.json("status")["route"].get("reason") or ""), "the refusal in status")
    pid = relay.process.pid
    relay.write_secret("ses.env", credentials(UPSTREAM_PASSWORD))
    upstream.one_with(mark, 4)
    assert relay.json("status")["route"]["state"] == "open" and relay.process.pid == pid and relay.process.running()
    assert UPSTREAM_PASSWORD not in relay.log()


def test_a_new_login_is_tried_aside_before_mail_depends_on_it(binary, make, keys):
    upstream = make.upstream()
    relay = make.relay(upstream)
    submit(relay, keys, token())
    until(lambda: upstream.accepted(), "the first message")
    relay.write_secret("ses.env", credentials("not the password of it"))
    until(lambda: "535" in warnings(relay), "the refusal among the warnings")
    until(lambda: "refuses the new login" in relay.log(), "the complaint in the log")
    assert relay.cli("check", "health", expect=1).stdout.startswith("WARNING")
    # Mail goes on with the login that works, and over the same connection.
    mark = token()
    submit(relay, keys, mark)
    upstream.one_with(mark, 4)
    status = relay.json("status")
    assert status["route"]["state"] == "open" and status["sending"]["deferred"] == 0
    # An operator's order does not put it in force either.
    said = relay.cli("reload", expect=CONFIGURATION).stderr
    assert "535" in said and "upstream.credentials" in said
    # Nor is it tried without end.
    tried = len([e for e in upstream.events("auth") if not e["good"]])
    assert tried <= 4
    relay.write_secret("ses.env", credentials(UPSTREAM_PASSWORD) + "# as it was\n")
    until(lambda: "535" not in warnings(relay), "the end of the warning")


def test_a_login_that_cannot_be_tried_waits(binary, make, keys):
    upstream = make.upstream()
    relay = make.relay(upstream)
    submit(relay, keys, token())
    until(lambda: upstream.accepted(), "the first message")
    upstream.stop()
    relay.write_secret("ses.env", credentials(UPSTREAM_PASSWORD) + "# the same login, with a note\n")
    relay.write_secret("ses.env", credentials("another"))
    until(lambda: "could not be tried" in warnings(relay), "the warning")
    relay.write_secret("ses.env", credentials(UPSTREAM_PASSWORD) + "# back\n")
    until(lambda: "could not be tried" not in warnings(relay), "the end of the warning")
    upstream.start()
    mark = token()
    submit(relay, keys, mark)
    until(lambda: [e for e in upstream.accepted() if e["token"] == mark], "the message upstream")


# -- certificates

@pytest.mark.parametrize("order", [("certificate", "key"), ("key", "certificate")])
def test_a_renewed_certificate_is_shown_once_its_key_is_there(binary, make, keys, order):
    relay = make.relay(make.upstream(), start=False, tls={"certificate": "cert.pem", "private_key": "key.pem"})
    files = {"certificate": ("cert.pem", keys.certificate), "key": ("key.pem", keys.key)}
    for name, of in files.values():
        replace(of("wrong-name"), relay.path(name))
    relay.start()
    first = served(relay)
    for step, what in enumerate(order):
        name, of = files[what]
        replace(of("good"), relay.path(name))
        if step == 0:
            # Half a pair is no certificate, and somebody is told.
            until(lambda: "is not the key of the first certificate" in warnings(relay), "the complaint")
            assert served(relay) == first
    until(lambda: served(relay) == in_file(keys.certificate("good")), "the new certificate", 5)
    until(lambda: warnings(relay) == "" and "took up" in relay.log(), "the end of the complaint")


def test_links_as_certbot_moves_them(binary, make, keys):
    relay = make.relay(make.upstream(), start=False, tls={"certificate": "live/x/fullchain.pem", "private_key": "live/x/privkey.pem"})
    os.makedirs(relay.path("live/x"))
    os.makedirs(relay.path("archive/x"))
    pairs = {1: "wrong-name", 2: "good"}

    def archive(number):
        shutil.copy(keys.certificate(pairs[number]), relay.path(f"archive/x/fullchain{number}.pem"))
        shutil.copy(keys.key(pairs[number]), relay.path(f"archive/x/privkey{number}.pem"))
        os.chmod(relay.path(f"archive/x/privkey{number}.pem"), 0o600)

    def link(number):
        for name in ("privkey", "fullchain"):
            path = relay.path(f"live/x/{name}.pem")
            if os.path.lexists(path):
                os.unlink(path)
            os.symlink(f"../../archive/x/{name}{number}.pem", path)

    archive(1)
    link(1)
    relay.start()
    first = served(relay)
    archive(2)
    link(2)
    until(lambda: served(relay) != first, "the new certificate", 5)
    assert served(relay) == in_file(keys.certificate("good")) and "not put in force" not in relay.log()


def test_a_folder_that_is_replaced_whole_is_noticed(binary, make, keys):
    relay = make.relay(make.upstream(), start=False, tls={"certificate": "data/cert.pem", "private_key": "data/key.pem"})

    def version(number, pair):
        os.mkdir(relay.path(f"v{number}"))
        for of, name in ((keys.certificate, "cert.pem"), (keys.key, "key.pem")):
            shutil.copy(of(pair), relay.path(f"v{number}/{name}"))
            os.chmod(relay.path(f"v{number}/{name}"), 0o600)
        os.symlink(f"v{number}", relay.path("data.new"))
        os.rename(relay.path("data.new"), relay.path("data"))

    version(1, "wrong-name")
    relay.start()
    first = served(relay)
    version(2, "good")
    until(lambda: served(relay) != first, "the new certificate", 4)
    # And the same again from there, with the old folder gone.
    shutil.rmtree(relay.path("v1"))
    second = served(relay)
    version(3, "wrong-name")
    until(lambda: served(relay) != second, "the third certificate", 4)


# -- accounts, aliases, keys

def test_passwords(binary, make, keys):
    relay = make.relay(make.upstream())
    other = make.relay(relay.config["upstream"]["port"], start=False, logins=((USER, "another secret"),))
    replace(other.path("passwords"), relay.path("passwords"))
    numbers = iter(range(1, 200))
    until(lambda: can_log_in(relay, keys, "another secret", f"127.0.9.{next(numbers)}"), "the new password", 5)
    assert not can_log_in(relay, keys, PASSWORD, "127.0.10.1")
    # A file that is no passwords file changes nothing, and heals by being mended.
    with open(relay.path("passwords"), "a") as f:
        f.write("no colon here\n")
    until(lambda: "passwords" in warnings(relay), "the complaint")
    assert can_log_in(relay, keys, "another secret", "127.0.10.2")
    os.chmod(other.path("passwords"), 0o644)
    replace(other.path("passwords"), relay.path("passwords"))
    until(lambda: warnings(relay) == "", "the end of the complaint")


def test_permissions_count_as_a_change(binary, make, keys):
    relay = make.relay(make.upstream())
    os.chmod(relay.path("ses.env"), 0o644)
    until(lambda: "chmod" in warnings(relay), "the complaint")
    os.chmod(relay.path("ses.env"), 0o600)
    until(lambda: warnings(relay) == "", "the end of the complaint")


def test_aliases(binary, make, keys):
    upstream = make.upstream()
    relay = make.relay(upstream, start=False, aliases="aliases")
    with open(relay.path("aliases"), "w") as f:
        f.write("support@mail.example.com: anna@corp.example\n")
    relay.start()
    with open(relay.path("aliases"), "w") as f:
        f.write("support@mail.example.com: ben@corp.example\n")
    until(lambda: "took up" in relay.log(), "the aliases", 5)
    submit(relay, keys, token(), recipients=["support@mail.example.com"])
    until(lambda: [e for e in upstream.accepted() if e["rcpts"] == ["ben@corp.example"]], "mail to the new target")


def test_dkim_key(binary, make, keys):
    upstream = make.upstream()
    relay = make.relay(upstream, start=False, identities=[{
        "domain": "mail.example.com", "default_sender": "no-reply@mail.example.com",
        "dkim": {"selector": "fl2026", "private_key": "dkim.pem"}}])
    subprocess.run(["openssl", "genrsa", "-out", relay.path("dkim.pem"), "2048"], check=True, stderr=subprocess.DEVNULL)
    os.chmod(relay.path("dkim.pem"), 0o600)
    relay.start()
    replace(keys.dkim_key, relay.path("dkim.pem"))
    until(lambda: "took up" in relay.log(), "the key", 5)
    mark = token()
    submit(relay, keys, mark)
    from harness.verdicts import dkimpy
    assert dkimpy(upstream.one_with(mark), keys.dkim_record, "fl2026", "mail.example.com")


def test_the_token_of_the_status_pages(binary, make, keys):
    (at,) = free_ports(1)
    relay = make.relay(make.upstream(), start=False, http={"address": f"127.0.0.1:{at}", "token": "http.token"})
    relay.write_secret("http.token", "the-first-token-of-all\n")
    relay.start()

    def answer(secret):
        request = urllib.request.Request(f"http://127.0.0.1:{at}/status.json", headers={"Authorization": f"Bearer {secret}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return json.load(reply)["configuration"]["path"]
        except urllib.error.HTTPError as error:
            return error.code
    until(lambda: answer("the-first-token-of-all") == relay.config_path, "the status page")
    relay.write_secret("http.token", "the-second-token-of-all\n")
    until(lambda: answer("the-second-token-of-all") == relay.config_path, "the new token", 5)
    assert answer("the-first-token-of-all") in (401, 403)


# -- the configuration is not taken up by itself

def test_an_edited_configuration_waits_for_its_reload(binary, make, keys):
    relay = make.relay(make.upstream())
    relay.configure(limits={"message_size": "3MB", "colour": "red"})
    other = make.relay(relay.config["upstream"]["port"], start=False, logins=((USER, "another secret"),))
    replace(other.path("passwords"), relay.path("passwords"))
    numbers = iter(range(1, 200))
    until(lambda: can_log_in(relay, keys, "another secret", f"127.0.11.{next(numbers)}"), "the new password", 5)
    smtp = clients.connect(relay.starttls, keys, password="another secret")
    assert smtp.esmtp_features["size"] == "40000000"
    smtp.quit()
    relay.cli("reload", expect=CONFIGURATION)


# -- often, and under load

def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.parametrize("how", ["by itself", "ordered"])
def test_a_hundred_reloads_a_minute_under_load(binary, make, keys, tmp_path, how):
    upstream = make.upstream(keep=False)
    relay = make.relay(upstream, tls={"certificate": "cert.pem", "private_key": "key.pem"}, upstream={"ca_file": "ca.pem"}, start=False)
    replace(keys.certificate("good"), relay.path("cert.pem"))
    replace(keys.key("good"), relay.path("key.pem"))
    replace(keys.ca, relay.path("ca.pem"))
    relay.start()
    pid = relay.process.pid
    seconds, pause = 8, 0.5  # twice as often as a hundred a minute
    load = Load(relay, keys, str(tmp_path / "promises"), connections=8, total=1 << 30).start()
    until(lambda: load.done > 100, "some load")
    until(lambda: len(upstream.accepted()) > 50, "relayed load")
    before, memory, rounds = open_files(pid), [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.monotonic()
        if how == "by itself":
            for name in ("passwords", "cert.pem", "key.pem"):
                replace(relay.path(name), relay.path(name))
            # Every other time another way to the upstream too, which is tried first.
            if rounds % 2:
                with open(relay.path("ca.pem"), "a") as f:
                    f.write("# once more\n")
            seen = relay.log().count("took up")
            until(lambda: relay.log().count("took up") > seen, "the files taken up", 5)
        else:
            relay.cli("reload")
        rounds += 1
        memory.append(relay.process.status("VmRSS"))
        time.sleep(max(0, pause - (time.monotonic() - started)))
    load.stop = True
    load.join(30)
    relay.wait_queue_empty(30)
    assert rounds >= seconds / 60 * 100, f"only {rounds} reloads"
    # Nothing dropped: every promise kept, nothing refused, nothing twice.
    lost = [p for p in load.promises if p.code != 250]
    assert not lost and load.done > 500, f"{len(lost)} of {load.done} without a 250"
    arrived = [e["token"] for e in upstream.accepted()]
    assert sorted(arrived) == sorted(p.token for p in load.promises)
    # Nothing leaked.
    until(lambda: open_files(pid) <= before, lambda: f"{open_files(pid)} open files, {before} before", 20)
    half = len(memory) // 2
    assert max(memory[half:]) < max(memory[:half]) + (6 << 20), [m >> 20 for m in memory]
