"""The operator is told: for each cause the alarm, how long it took, and what `status` and `check health` say."""
import glob
import http.server
import json
import os
import shutil
import subprocess
import threading
import time

import pytest

from harness import clients, messages
from harness.relay import token
from harness.waiting import free_ports, until

AT_MOST = 60  # seconds from cause to alarm


class Hook:
    """A webhook's receiver: what came, and when."""

    def __init__(self):
        self.got = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.got.append((time.monotonic(), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/services/T0/B0"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, kind, state, since, seconds=AT_MOST):
        def there():
            return [(at, body) for at, body in self.got if body["kind"] == kind and body["state"] == state and at >= since]
        return until(there, lambda: f"{kind} {state}; there is {[b for _, b in self.got]}", seconds, 0.05)[0]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook():
    it = Hook()
    yield it
    it.stop()


def submit(relay, keys, message=None, expect=250):
    smtp = clients.connect(relay.starttls, keys)
    code, text = clients.submit(smtp, message or messages.plain(token()))
    smtp.close()
    assert expect is None or code == expect, text


def expect(relay, hook, kind, since, words, grade):
    """The alarm has come by webhook, in time, and the commands tell of it."""
    at, body = hook.wait(kind, "raised", since)
    assert words in body["cause"] and body["cure"] and body["host"] == "relay.example.com" and body["text"]
    alarm = [a for a in relay.json("status")["alarms"] if a["kind"] == kind][0]
    assert alarm["cause"] and alarm["cure"] == body["cure"]
    shown = relay.cli("status").stdout
    assert alarm["cause"] in shown and alarm["cure"] in shown
    assert relay.cli("check", "health", expect=None).returncode == grade
    assert relay.log().count(f"alarm {kind}") == 1
    print(f"\n{at - since:.1f} s: {body['text']}")
    return body


def mails(upstream):
    """The alarms that reached the operator, header and body."""
    return [m for m in upstream.messages() if b"x-fairlead-report: alarm" in m.lower()]


# The upstream's behaviour, the alarm, words of its cause.
ANSWERS = {
    "wrong password": ({"AUTH": "535 Authentication Credentials Invalid"}, "route_paused", "535 Authentication Credentials Invalid"),
    "paused account": ({"DOT": "554 Sending paused for this account."}, "route_paused", "554 Sending paused"),
    "lost identity": ({"DOT": "554 Message rejected: Email address is not verified. The following identities failed the check in region "
                       "EU-WEST-1: no-reply@mail.example.com"}, "identity_held", "not verified"),
    "quota": ({"DOT": "454 Throttling failure: Daily message quota exceeded."}, "quota_exceeded", "Daily message quota exceeded"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_of_the_upstream(name, binary, make, keys, hook):
    behaviour, kind, words = ANSWERS[name]
    upstream = make.upstream(**behaviour)
    relay = make.relay(upstream, alarm={"url": hook.url})
    begin = time.monotonic()
    for _ in range(3):
        submit(relay, keys)
    expect(relay, hook, kind, begin, words, 2)
    upstream.behave()
    relay.cli("reload")
    relay.wait_queue_empty()
    hook.wait(kind, "cleared", begin)
    # By mail, once it flows: beginning and end in one.
    [mail] = until(lambda: mails(upstream), "a mail to the operator")
    assert f"Subject: Alarm: {kind}".encode() in mail and b"To: ops@mail.example.com" in mail and b"over after" in mail
    until(lambda: relay.cli("check", "health", expect=None).returncode == 0, "a good grade")


@pytest.fixture
def hooks():
    """A receiver for each of several relays."""
    all_of_them = [Hook() for _ in range(3)]
    yield all_of_them
    for it in all_of_them:
        it.stop()


@pytest.mark.slow
def test_no_way_to_the_upstream(binary, make, keys, hooks):
    """No name, no trust, nobody there: three relays wait out the half minute together."""
    ways = [("nowhere.invalid", "good", {"host": "nowhere.invalid"}), ("certificate", "wrong-name", {}),
            ("Connection refused", "good", {"port": free_ports(1)[0]})]
    waiting = []
    for hook, (words, certificate, changes) in zip(hooks, ways):
        relay = make.relay(make.upstream(certificate=certificate), alarm={"url": hook.url}, upstream=changes)
        waiting.append((relay, hook, time.monotonic(), words))
        submit(relay, keys)
    for relay, hook, begin, words in waiting:
        expect(relay, hook, "route_paused", begin, words, 2)


@pytest.fixture
def disk(tmp_path):
    """A file system of its own, 200 MB."""
    image, place = tmp_path / "image", tmp_path / "disk"
    place.mkdir()
    with open(image, "wb") as f:
        f.truncate(200_000_000)
    if os.getuid() != 0 or not shutil.which("mkfs.ext4") or subprocess.run(["mkfs.ext4", "-q", image]).returncode != 0 \
            or subprocess.run(["mount", "-o", "loop", image, place], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("cannot mount a file system here")
    yield str(place)
    subprocess.run(["umount", "-l", place])


def test_full_disk(binary, make, keys, hook, disk):
    relay = make.relay(make.upstream(), alarm={"url": hook.url}, queue={"path": disk + "/queue"})
    hook.wait("space_low", "raised", 0)
    begin = time.monotonic()
    with open(disk + "/filler", "wb") as f:
        try:
            while True:
                f.write(bytes(1 << 16))
        except OSError:
            pass
    submit(relay, keys, expect=None)
    expect(relay, hook, "storage_full", begin, "disk is full", 2)
    os.truncate(disk + "/filler", 0)
    hook.wait("storage_full", "cleared", begin)
    submit(relay, keys)


def test_disk_that_became_read_only(binary, make, keys, hook, disk):
    relay = make.relay(make.upstream(), alarm={"url": hook.url}, queue={"path": disk + "/queue"})
    begin = time.monotonic()
    assert subprocess.run(["mount", "-o", "remount,abort", disk]).returncode == 0
    submit(relay, keys, expect=None)
    expect(relay, hook, "storage_failed", begin, "no mail is accepted", 2)


def test_old_message(binary, make, keys, hook):
    upstream = make.upstream(DOT="451 Temporary service failure")
    relay = make.relay(upstream, alarm={"url": hook.url, "oldest": "1s"})
    begin = time.monotonic()
    submit(relay, keys)
    expect(relay, hook, "queue_old", begin, "longer than 1 s", 2)
    upstream.behave()
    relay.cli("queue", "retry", "--all")
    hook.wait("queue_old", "cleared", begin)


def test_poisoned_message(binary, make, keys, hook):
    upstream = make.upstream(DOT="451 Temporary service failure")
    relay = make.relay(upstream, alarm={"url": hook.url})
    submit(relay, keys, messages.of_size(token(), 200_000))
    submit(relay, keys)
    until(lambda: upstream.events("reply"), "an attempt")
    relay.stop()
    [body] = glob.glob(relay.path("queue/spool/*"))
    with open(body, "r+b") as f:
        f.seek(100_000)
        f.write(b"X")
    upstream.behave()
    relay.start()
    begin = time.monotonic()
    relay.cli("queue", "retry", "--all")
    expect(relay, hook, "quarantined", begin, "1 message", 2)
    until(lambda: b"Subject: Alarm: quarantined" in b"".join(mails(upstream)), "a mail to the operator")


@pytest.mark.slow
def test_command_and_unreachable_webhook(binary, make, keys):
    """The command runs although the webhook never answers, and mail flows."""
    upstream = make.upstream()
    relay = make.relay(upstream, start=False, alarm={"url": f"http://127.0.0.1:{free_ports(1)[0]}/x", "command": "alarm.sh"})
    with open(relay.path("alarm.sh"), "w") as f:
        f.write('#!/bin/sh\nenv > "$0.env"\ncat > "$0.json"\nsleep 600\n')
    os.chmod(relay.path("alarm.sh"), 0o755)
    upstream.behave(AUTH="535 Authentication Credentials Invalid")
    relay.start()
    submit(relay, keys)
    variables = until(lambda: os.path.exists(relay.path("alarm.sh.json")) and open(relay.path("alarm.sh.env")).read(), "the command")
    assert "FAIRLEAD_ALARM_KIND=route_paused\n" in variables and "FAIRLEAD_ALARM_STATE=raised\n" in variables
    upstream.behave()
    relay.cli("reload")
    relay.wait_queue_empty()
    until(lambda: "alarm.url: alarm route_paused was not delivered" in relay.log(), "a word about the webhook", 40)


def test_full_log(binary, make, keys):
    """Nothing can be logged: mail flows, and the lost lines are counted."""
    upstream = make.upstream()
    relay = make.relay(upstream, start=False)
    os.symlink("/dev/full", relay.path("log"))
    relay.start()
    submit(relay, keys)
    until(upstream.messages, "the message")
    until(lambda: relay.json("status")["log_lines_lost"] >= 3, "lost lines")
    assert "lines lost" in relay.cli("status").stdout


# What systemd hands over, and words of the cause and of the cure.
ENDINGS = {
    "configuration": ({"MONITOR_SERVICE_RESULT": "exit-code", "MONITOR_EXIT_STATUS": "78"}, "nonsense: unknown key", "fairlead check config"),
    "start limit": ({"MONITOR_SERVICE_RESULT": "start-limit-hit", "MONITOR_EXIT_STATUS": "69"}, "start-limit-hit, status 69", "journalctl -u fairlead"),
    "signal": ({"MONITOR_SERVICE_RESULT": "signal", "MONITOR_EXIT_STATUS": "KILL"}, "signal, status KILL", "systemctl restart fairlead"),
    "by hand": ({}, "failed, status unknown", "journalctl -u fairlead"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_daemon_that_stays_down(name, binary, make, hook, tmp_path):
    """What the unit fairlead-failure.service runs: webhook and command are told, also by a configuration that is wrong elsewhere."""
    environment, words, cure = ENDINGS[name]
    told = tmp_path / "told"
    script = tmp_path / "alarm"
    script.write_text(f'#!/bin/sh\necho "$FAIRLEAD_ALARM_KIND $FAIRLEAD_ALARM_CAUSE" > {told}\n')
    script.chmod(0o755)
    relay = make.relay(9, start=False, alarm={"url": hook.url, "command": str(script)})
    if name == "configuration":
        relay.configure(nonsense=1)
    begin = time.monotonic()
    done = subprocess.run([binary, "notify-failure", "--config", relay.config_path], env={**os.environ, **environment}, text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    _, body = hook.wait("daemon_failed", "raised", begin)
    assert words in body["cause"] and cure in body["cure"] and body["host"] == "relay.example.com"
    assert done.stderr.startswith("<2>alarm daemon_failed: ") and words in done.stderr
    assert told.read_text().startswith("daemon_failed the daemon ended")


def test_nobody_to_tell_of_a_daemon_that_stays_down(binary, make, tmp_path):
    relay = make.relay(9, start=False)
    assert "daemon_failed" in relay.cli("notify-failure").stderr
    relay.configure(alarm={"command": str(tmp_path / "missing")})
    assert "alarm.command: " in relay.cli("notify-failure", expect=69).stderr
    os.remove(relay.config_path)
    assert "cannot be read" in relay.cli("notify-failure", expect=69).stderr
