"""What operators touch: commands, exit codes, JSON, reload, stop, files, logs."""
import grp
import json
import os
import pwd
import re
import shutil
import signal
import smtplib
import stat
import subprocess
import tempfile
import time

import pytest

from harness import clients, dialogue, messages
from harness.processes import Process
from harness.relay import BINARY, CONFIGURATION, PASSWORD, UNAVAILABLE, USAGE, USER, Relay, token
from harness.upstreams import PASSWORD as UPSTREAM_PASSWORD
from harness.waiting import Timeout, port_open, until


def submit(relay, keys, mark, **options):
    smtp = clients.connect(relay.starttls, keys)
    code, text = clients.submit(smtp, messages.plain(mark, Message_ID=f"<{mark}@app.example>"), **options)
    smtp.quit()
    assert code == 250, text
    return text


def queue_id(text):
    """The queue id in the text of a 250: 13 digits of Crockford's base 32."""
    found = re.search(r"\b[0-9a-hjkmnp-tv-z]{13}\b", text)
    assert found, text
    return found[0]


# -- events and history

def test_story_of_a_message_within_a_second(relay, upstream, keys):
    mark = token()
    identifier = queue_id(submit(relay, keys, mark, recipients=[f"{mark}@example.net"]))
    event = until(lambda: [e for e in upstream.accepted() if e["token"] == mark], "the message upstream")[0]
    ses_id = event["reply"].split()[2]
    until(lambda: "relayed" in relay.cli("trace", identifier).stdout, "`relayed` in trace", 1.0)
    for word in (identifier, ses_id, f"<{mark}@app.example>", f"{mark}@example.net"):
        story = relay.json("trace", word)
        text = json.dumps(story)
        assert identifier in text and ses_id in text and "relayed" in text and "accepted" in text, word
    assert relay.cli("trace", "no-such-thing").returncode == 0


def test_log_line_per_recipient(relay, upstream, keys):
    mark = token()
    identifier = queue_id(submit(relay, keys, mark, recipients=[f"{mark}@example.net"]))
    line = until(lambda: [x for x in relay.log().splitlines() if f"to=<{mark}@example.net>" in x and "status=relayed" in x], "the log line")[0]
    assert identifier in line
    for part in ("account=app", f":{upstream.port}", "delay=", "dsn=2.0.0", "(250 Ok "):
        assert part in line, line


def test_tail_shows_what_happens(relay, keys, tmp_path):
    tail = Process([BINARY, "tail", "--json", "--config", relay.config_path], tmp_path / "tail")

    def relayed():
        rows = [json.loads(line) for line in tail.log().split("\n")[:-1]]
        assert all(isinstance(row, dict) for row in rows)
        return [row for row in rows if "relayed" in row.values()]

    def send_and_see():
        # The first message may be through before `tail` listens.
        submit(relay, keys, token())
        try:
            return until(relayed, "an event", 1)
        except Timeout:
            return None
    try:
        (event, *_) = until(send_and_see, tail.log, 10)
        assert {"queue_id", "recipients"} <= set(event)
    finally:
        tail.kill()


def test_names_in_json(binary, make, keys):
    upstream = make.upstream()
    upstream.stop()
    relay = make.relay(upstream)
    submit(relay, keys, token(), recipients=["a@example.net", "b@example.net"])
    (entry,) = relay.queue()
    assert {"queue_id", "arrival_time", "message_size", "sender", "recipients"} <= set(entry)
    assert sorted(r["address"] for r in entry["recipients"]) == ["a@example.net", "b@example.net"]
    assert abs(entry["arrival_time"] - time.time()) < 60 and entry["message_size"] > 200
    assert isinstance(relay.json("status"), dict)
    shown = relay.cli("queue", "show", entry["queue_id"]).stdout
    assert "a@example.net" in shown


def test_queue_commands(binary, make, keys):
    upstream = make.upstream()
    upstream.stop()
    relay = make.relay(upstream)
    marks = [token() for _ in range(3)]
    held, removed, other = (queue_id(submit(relay, keys, m)) for m in marks)
    relay.cli("queue", "hold", held)
    relay.cli("queue", "remove", removed)
    assert sorted(m["queue_id"] for m in relay.queue()) == sorted([held, other])
    upstream.start()
    relay.cli("queue", "retry", other)
    upstream.one_with(marks[2])
    until(lambda: [m["queue_id"] for m in relay.queue()] == [held], lambda: f"only the held one in {relay.queue()}")
    relay.cli("queue", "release", held)
    upstream.one_with(marks[0])
    relay.wait_queue_empty()
    assert marks[1] not in {e["token"] for e in upstream.events("dot")}


def test_retry_starts_an_attempt_within_a_second(binary, make, keys):
    upstream = make.upstream(DOT="451 Temporary service failure")
    relay = make.relay(upstream)
    submit(relay, keys, token())
    until(lambda: upstream.events("reply"), "the first attempt")
    until(lambda: "451 Temporary service failure" in json.dumps(relay.queue()) or "451" in json.dumps(relay.json("status")), "the reply")
    upstream.behave()
    relay.cli("queue", "retry", "--all")
    until(lambda: upstream.accepted(), "an attempt", 1.5)


# -- reload and stop

def announced_size(relay, keys):
    with dialogue.client(relay.starttls, keys) as raw:
        return [line[9:] for line in raw.command("EHLO x") if line[4:].startswith("SIZE")][0]


@pytest.mark.parametrize("how", ["command", "SIGHUP"])
def test_reload(binary, make, keys, how):
    relay = make.relay(make.upstream())

    def reload(expect):
        if how == "command":
            return relay.cli("reload", expect=expect)
        relay.process.signal(signal.SIGHUP)

    open_session = dialogue.client(relay.starttls, keys).login()
    assert announced_size(relay, keys) == "40000000"
    relay.configure(limits={"message_size": "3MB"})
    reload(0)
    until(lambda: announced_size(relay, keys) == "3000000", "the new limit", 5 if how == "SIGHUP" else 0.5)
    relay.configure(limits={"message_size": "5MB", "colour": "red"})
    reload(CONFIGURATION)
    until(lambda: "colour" in relay.log(), "the complaint in the log")
    assert announced_size(relay, keys) == "3000000"
    assert open_session.command("NOOP")[-1].startswith("250")
    open_session.close()


def served_certificate(relay):
    said = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{relay.implicit}"], input=b"", stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=20).stdout
    return said[said.index(b"-----BEGIN"):said.index(b"-----END")]


def test_certificate_is_replaced_only_by_a_pair_that_fits(binary, make, keys):
    relay = make.relay(make.upstream(), tls={"certificate": keys.certificate("wrong-name"), "private_key": keys.key("wrong-name")})
    first = served_certificate(relay)
    relay.configure(tls={"certificate": keys.certificate("good")})
    relay.cli("reload", expect=CONFIGURATION)
    assert served_certificate(relay) == first
    relay.configure(tls={"private_key": keys.key("good")})
    relay.cli("reload")
    assert served_certificate(relay) != first


def test_accounts_take_effect_at_once(binary, make, keys):
    relay = make.relay(make.upstream())
    relay.cli("account", "add", "crm", "--password-stdin", stdin="first\n")
    clients.connect(relay.starttls, keys, user="crm", password="first").quit()
    relay.cli("account", "passwd", "crm", "--password-stdin", stdin="second\n")
    clients.connect(relay.starttls, keys, user="crm", password="second", source=("127.0.7.1", 0)).quit()
    with pytest.raises(smtplib.SMTPAuthenticationError):
        clients.connect(relay.starttls, keys, user="crm", password="first", source=("127.0.7.2", 0))
    assert {USER, "crm"} <= set(re.findall(r"\w+", relay.cli("account", "list").stdout))
    relay.cli("account", "remove", "crm")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        clients.connect(relay.starttls, keys, user="crm", password="second", source=("127.0.7.3", 0))
    with open(relay.path("passwords")) as f:
        assert re.fullmatch(rf"(#.*\n)*{USER}:\$y\$\S+\n", f.read())


def test_sigterm_drains(binary, make, keys):
    upstream = make.upstream()
    relay = make.relay(upstream)
    idle = dialogue.client(relay.starttls, keys).login()
    busy = dialogue.client(relay.implicit, keys, "implicit").login()
    mark = token()
    for command in ("MAIL FROM:<crm@app.example>", "RCPT TO:<user@example.net>", "DATA"):
        busy.command(command)
    busy.send(messages.plain(mark)[:-20])
    relay.process.signal(signal.SIGTERM)
    assert idle.reply()[-1].startswith("421 4.3.2") and idle.is_closed()
    until(lambda: not port_open(relay.starttls), "a closed port")
    busy.send(messages.plain(mark)[-20:] + b".\r\n")
    assert busy.reply()[-1].startswith("250 2.0.0")
    assert relay.process.wait(60) == 0
    if not upstream.accepted():
        relay.start()
    upstream.one_with(mark)


def test_sigterm_waits_for_the_reply_to_a_final_dot(binary, make, keys):
    upstream = make.upstream(delay_dot=2)
    relay = make.relay(upstream)
    mark = token()
    submit(relay, keys, mark)
    until(lambda: upstream.events("dot"), "the final dot")
    assert relay.stop() == 0
    assert len(upstream.accepted()) == 1
    upstream.behave()
    relay.start()
    relay.wait_queue_empty()
    assert len(upstream.events("dot")) == 1


# -- start, exit codes, configuration

@pytest.mark.parametrize("arguments", [["frobnicate"], ["queue", "frobnicate"], ["serve", "--frobnicate"], ["trace"]])
def test_usage(binary, arguments):
    done = subprocess.run([BINARY, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == USAGE and done.stderr


@pytest.mark.parametrize("arguments", [["status"], ["queue", "list"], ["reload"]])
def test_no_daemon(binary, make, arguments):
    relay = make.relay(make.upstream(), start=False)
    assert relay.cli(*arguments, expect=UNAVAILABLE).stderr


def break_secret(relay):
    os.chmod(relay.path("ses.env"), 0o644)


def break_key(relay):
    with open(relay.keys.key()) as f:
        relay.write_secret("tls.key", f.read())
    os.chmod(relay.path("tls.key"), 0o644)
    relay.configure(tls={"private_key": "tls.key"})


BREAKS = {
    "no file": lambda r: os.remove(r.config_path),
    "no YAML": lambda r: r.write_config("hostname: [\n"),
    "unknown key": lambda r: r.configure(colour="red"),
    "unknown key inside": lambda r: r.configure(upstream={"prot": 587}),
    "wrong type": lambda r: r.configure(limits={"recipients": "many"}),
    "no operator": lambda r: r.configure(operator=None),
    "no certificate": lambda r: r.configure(tls={"certificate": "nowhere.pem"}),
    "pair that does not fit": lambda r: r.configure(tls={"certificate": r.keys.certificate("expired")}),
    "no DKIM key": lambda r: r.configure(identities=[{"domain": "mail.example.com", "default_sender": "a@mail.example.com",
                                                      "dkim": {"selector": "s", "private_key": "nowhere.pem"}}]),
    "one domain twice": lambda r: r.configure(identities=r.config["identities"] * 2),
    "secret that all may read": break_secret,
    "private key that all may read": break_key,
    "no credentials": lambda r: r.write_secret("ses.env", "SES_SMTP_USERNAME=x\n"),
    "open listener": lambda r: r.configure(listeners=[{"address": "0.0.0.0:2525", "tls": "none", "account": "app", "allow": ["0.0.0.0/0"]}]),
    "clear text upstream": lambda r: r.configure(upstream={"tls": "none"}),
}


@pytest.mark.parametrize("how", BREAKS)
def test_bad_start(binary, make, how):
    """It ends with 78 (77 for a secret), says why in one line with the place, and has opened no port."""
    relay = make.relay(make.upstream(), start=False)
    BREAKS[how](relay)
    for command in (["serve"], ["check", "config"]):
        done = relay.cli(*command, expect=None, timeout=20)
        assert done.returncode == CONFIGURATION or "may read" in how and done.returncode == 77, (command, done)
        assert (done.stderr + done.stdout).strip(), command
    assert not port_open(relay.starttls)


def test_all_problems_at_once_with_their_lines(binary, make):
    relay = make.relay(make.upstream(), start=False)
    good = json.dumps(relay.config, indent=2).splitlines()
    good[1:1] = ['  "colour": "red",', '  "queue": { "lifetime": "soon" },']
    text = "\n".join(line for line in good if '"operator"' not in line).replace('"connections": 2000', '"connections": "lots"')
    text = re.sub(r'\n  "queue": \{\n.*?\n  \},', "", text, flags=re.S)
    relay.write_config(text)
    said = relay.cli("check", "config", expect=CONFIGURATION)
    said = said.stdout + said.stderr
    lines = text.splitlines()
    for word in ("colour", "lifetime", '"connections"'):
        number = next(n for n, line in enumerate(lines, 1) if word in line)
        assert re.search(rf"\b{number}\b.*{word.strip(chr(34))}", said), (word, number, said)
    assert "operator" in said


def test_good_configuration(binary, make):
    assert make.relay(make.upstream(), start=False).cli("check", "config").returncode == 0


def complaints(done, relay):
    """What `serve` says: {key: (the line of the file that it points to, what is wrong, what to do)}."""
    found = {}
    for line in done.stderr.splitlines():
        place = re.match(rf"fairlead: {re.escape(relay.config_path)}:(\d+):\d+: ([\w.\[\]]+): (.+); (.+)$", line)
        if place:
            with open(relay.config_path) as f:
                found[place[2]] = (f.read().splitlines()[int(place[1]) - 1].strip(), place[3], place[4])
    return found


def test_ports_in_use(binary, make):
    first = make.relay(make.upstream())
    second = make.relay(make.upstream(), start=False)
    second.configure(listeners=[{"address": f"127.0.0.1:{port}", "tls": "starttls"}
                                for port in (first.starttls, second.starttls, first.implicit)])
    done = second.cli("serve", expect=CONFIGURATION, timeout=20)
    said = complaints(done, second)
    assert set(said) == {"listeners[0].address", "listeners[2].address"}, done.stderr
    for key, port in (("listeners[0].address", first.starttls), ("listeners[2].address", first.implicit)):
        line, wrong, advice = said[key]
        assert line == f'"address": "127.0.0.1:{port}",' and f"127.0.0.1:{port} is in use" in wrong and "choose another port" in done.stderr
    assert not port_open(second.starttls)


def test_unreadable_files_as_another_user(binary, keys):
    """Run as `nobody`: every file that it may not read is named, with its key and what to do, beside a mistake of another kind."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory(prefix="fairlead-", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        relay = Relay(os.path.join(folder, "relay"), keys, 1)
        program = shutil.copy(BINARY, os.path.join(folder, "fairlead"))
        for source, name in ((keys.certificate(), "cert.pem"), (keys.key(), "key.pem"), (keys.dkim_key, "dkim.pem")):
            shutil.copy(source, relay.path(name))
        identity = {**relay.config["identities"][0], "dkim": {"selector": "s", "private_key": "dkim.pem"}}
        shutil.copy(keys.ca, relay.path("ca.pem"))
        relay.configure(tls={"certificate": "cert.pem", "private_key": "key.pem"}, identities=[identity], upstream={"ca_file": "ca.pem"})
        nobody = pwd.getpwnam("nobody")
        for path in (relay.folder, *(entry.path for entry in os.scandir(relay.folder))):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)

        def serve():
            command = ["setpriv", "--reuid", str(nobody.pw_uid), "--regid", str(nobody.pw_gid), "--clear-groups",
                       program, "serve", "--config", relay.config_path]
            return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20)

        os.chown(relay.path("ses.env"), 0, 0)
        done = serve()
        line, wrong, advice = complaints(done, relay)["upstream.credentials"]
        assert done.returncode == CONFIGURATION and len(done.stderr.splitlines()) == 1, done.stderr
        assert line == '"credentials": "ses.env",' and relay.path("ses.env") in wrong and "Permission denied" in wrong
        assert "nobody" in advice

        os.chown(relay.path("key.pem"), 0, 0)
        os.chmod(relay.path("key.pem"), 0o600)
        relay.configure(colour="red")
        done = serve()
        said = complaints(done, relay)
        assert done.returncode == CONFIGURATION and {"upstream.credentials", "tls.private_key", "colour"} == set(said), done.stderr
        assert said["tls.private_key"][0] == '"private_key": "key.pem"' and said["colour"][0] == '"colour": "red"'


def test_two_daemons_on_one_queue(binary, make):
    first = make.relay(make.upstream())
    second = make.relay(make.upstream(), start=False, queue={"path": first.path("queue")})
    assert second.cli("serve", expect=None, timeout=20).returncode != 0
    assert first.process.running() and first.queue() == []


def test_files_and_socket_are_private(binary, make, keys):
    relay = make.relay(make.upstream())
    submit(relay, keys, token())

    def mode(path):
        return stat.S_IMODE(os.stat(path).st_mode)
    assert mode(relay.path("queue")) == 0o700
    for folder, _, names in os.walk(relay.path("queue")):
        for name in names:
            assert mode(os.path.join(folder, name)) & 0o077 == 0, name
    has_group = any(g.gr_name == "fairlead" for g in grp.getgrall())
    assert mode(relay.control) == (0o660 if has_group else 0o600)


def test_dead_control_socket_is_replaced(binary, make):
    relay = make.relay(make.upstream())
    relay.kill()
    assert os.path.exists(relay.control)
    relay.start(seconds=5)
    assert isinstance(relay.json("status"), dict)


# -- checks

def test_check_upstream_sends_nothing(binary, make):
    upstream = make.upstream()
    relay = make.relay(upstream, start=False)
    assert relay.cli("check", "upstream").returncode == 0
    assert [e["good"] for e in upstream.events("auth")] == [True] and not upstream.events("mail")
    upstream.behave(AUTH="535 Authentication Credentials Invalid")
    done = relay.cli("check", "upstream", expect=None)
    assert done.returncode != 0 and "535 Authentication Credentials Invalid" in done.stdout + done.stderr


def test_check_health(binary, make, keys):
    upstream = make.upstream()
    relay = make.relay(upstream)
    done = relay.cli("check", "health")
    assert len(done.stdout.strip().splitlines()) == 1
    upstream.behave(AUTH="535 Authentication Credentials Invalid")
    submit(relay, keys, token())
    done = until(lambda: [d for d in [relay.cli("check", "health", expect=None)] if d.returncode], "a bad grade")[0]
    assert done.returncode in (1, 2) and len(done.stdout.strip().splitlines()) == 1
    assert relay.cli("status").returncode == 0


def test_dkim_record_fits_the_key(binary, make, keys):
    relay = make.relay(make.upstream(), start=False)
    said = relay.cli("dkim", "record").stdout
    assert "fl2026._domainkey.mail.example.com" in said
    assert keys.dkim_record.split(b"p=")[1].decode() in re.sub(r'[\s"()]', "", said)


def test_local_listener_without_login(binary, make, keys):
    upstream = make.upstream()
    relay = make.relay(upstream, start=False)
    relay.configure(listeners=relay.config["listeners"] + [{"address": f"127.0.0.1:{relay.local}", "tls": "none", "account": "local",
                                                            "allow": ["127.0.0.1"]}])
    relay.start()
    mark = token()
    smtp = smtplib.SMTP("127.0.0.1", relay.local, "client.example", timeout=10)
    smtp.ehlo("localhost")
    assert clients.submit(smtp, messages.plain(mark))[0] == 250
    upstream.one_with(mark)
    with dialogue.RawClient(relay.local, keys, source="127.0.0.9") as raw:
        try:
            replies = [raw.reply(), raw.command("EHLO x"), raw.command("MAIL FROM:<a@app.example>")]
            assert replies[-1][-1][0] in "45" or replies[0][-1][0] in "45"
        except dialogue.Closed:
            pass


# -- what must never be in a log

def test_nothing_from_outside_breaks_a_line_or_tells_a_secret(relay, upstream, keys):
    nasty = "x\x1b[31m\u202e\u2028\x00\x85y"
    with dialogue.RawClient(relay.starttls, keys, source="127.0.8.1") as raw:
        raw.starttls()
        raw.send(b"EHLO \x1b[31mred\x07\r\n")
        raw.reply()
        raw.command("EHLO x")
        raw.command("AUTH PLAIN " + dialogue.plain(nasty, "wrong"))
    submit(relay, keys, token(), sender="crm@app.example")
    with open(relay.process.log_path, "rb") as f:
        log = f.read()
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", log)
    text = log.decode()
    assert not re.search("[\u0080-\u009f\u2028\u2029\u202a-\u202e]", text)
    for secret in (PASSWORD, UPSTREAM_PASSWORD, dialogue.plain()):
        assert secret not in text
    with open(f"/proc/{relay.process.pid}/cmdline", "rb") as f:
        assert PASSWORD.encode() not in f.read()


def test_restart_takes_less_than_five_seconds(binary, make, keys):
    relay = make.relay(make.upstream())
    for _ in range(3):
        relay.kill()
        relay.start(seconds=5)
