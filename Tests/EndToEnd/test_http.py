"""Health, metrics and status over HTTP: what they say, who may ask, and what a reload changes."""
import base64
import concurrent.futures
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from harness import clients, messages, web
from harness.relay import CONFIGURATION, token
from harness.waiting import free_ports, port_open, until

TOKEN = "a-token-of-the-tests-7+/="


@pytest.fixture(scope="module")
def port():
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def relay(upstream, make_for_module, port):
    return make_for_module.relay(upstream, http=f"127.0.0.1:{port}")


def send(relay, keys, count=1, **options):
    smtp = clients.connect(relay.starttls, keys)
    for _ in range(count):
        code, text = clients.submit(smtp, messages.plain(token()), **options)
        assert code == 250, text
    smtp.close()


# -- what it says

def test_health(relay, port):
    assert (web.get(port, "/healthz/live").status, web.get(port, "/healthz/live").text) == (200, "alive\n")
    assert (web.get(port, "/healthz/ready").status, web.get(port, "/healthz/ready").text) == (200, "ready\n")


def test_status_is_what_the_command_prints(relay, port, keys):
    """To the octet, but for what moves between two looks."""
    send(relay, keys)
    relay.wait_queue_empty()

    def still(text):
        return re.sub(r'"(free|free_inodes|uptime|last_second|last_minute|upstream|upstream_busy|submission|next_probe_in)":[0-9.]+', r'"\1":0', text)

    def same():
        over_http, printed = web.get(port, "/status.json").text, relay.cli("status", "--json").stdout
        return still(over_http) == still(printed) and json.loads(over_http)["sending"]["relayed"] > 0
    until(same, lambda: f"the same:\n{web.get(port, '/status.json').text}\n{relay.cli('status', '--json').stdout}")
    assert web.get(port, "/status.json").headers["Content-Type"] == "application/json"


def test_metrics_count(relay, port, keys, upstream):
    before = web.metrics(port)
    send(relay, keys, 3, recipients=["a@example.net", "b@example.net"])
    relay.wait_queue_empty()

    def grown(name):
        return web.metrics(port)[name] - before[name]
    assert grown('fairlead_messages_accepted_total{account="app"}') == 3
    assert grown('fairlead_recipients_accepted_total{account="app"}') == 6
    assert grown('fairlead_recipients_relayed_total{account="app"}') == 6
    assert 3 * 1000 < grown('fairlead_accepted_bytes_total{account="app"}') < 3 * 10_000
    assert grown("fairlead_relay_delay_seconds_count") == 6
    assert grown('fairlead_relay_delay_seconds_bucket{le="60"}') == 6
    upstream.behave(RCPT={"gone@example.net": "550 5.1.1 no such user"})
    try:
        send(relay, keys, recipients=["gone@example.net"])
        until(lambda: grown('fairlead_recipients_failed_total{account="app"}') == 1, "a recipient that failed")
        until(lambda: grown("fairlead_reports_sent_total") == 1, "its report")
        relay.wait_queue_empty()
    finally:
        upstream.behave()


def test_metrics_of_the_state(relay, port, keys, upstream):
    now = web.metrics(port)
    assert now["fairlead_route_up"] == 1 and now["fairlead_storage_up"] == 1
    assert now['fairlead_alarms{kind="route_paused",severity="critical"}'] == 0
    assert abs(now["process_start_time_seconds"] - time.time()) < 600
    assert now["process_resident_memory_bytes"] > 1e6 and now["process_open_fds"] > 5 and now["process_threads"] >= 2
    upstream.behave(AUTH="535 Authentication Credentials Invalid")
    try:
        relay.cli("reload")   # so that the next connection is a new one
        send(relay, keys)
        until(lambda: web.metrics(port).get('fairlead_route_paused{cause="login_refused"}') == 1, "the route paused")
        until(lambda: web.metrics(port)['fairlead_alarms{kind="route_paused",severity="critical"}'] == 1, "the alarm", 30)
        now = web.metrics(port)
        assert now["fairlead_route_up"] == 0
        assert now['fairlead_queue_messages{state="active"}'] + now['fairlead_queue_messages{state="deferred"}'] == 1
        # Mail is still accepted, so that a balancer goes on sending it.
        assert web.get(port, "/healthz/ready").status == 200
    finally:
        upstream.behave()
        relay.cli("reload")
    relay.wait_queue_empty()


def test_refused_logins_are_counted_without_names(relay, port, keys):
    before = web.metrics(port)["fairlead_logins_refused_total"]
    smtp = clients.connect(relay.starttls, keys, user=None)
    with pytest.raises(Exception):
        smtp.login("somebody-unknown", "wrong")
    smtp.close()
    until(lambda: web.metrics(port)["fairlead_logins_refused_total"] > before, "one more refused login")
    assert "somebody-unknown" not in web.get(port, "/metrics").text


# -- who may ask

@pytest.mark.parametrize("path", ["/", "/metrics", "/status.json", "/healthz/live", "/trace?q=x", "/nothing"])
def test_nothing_can_be_changed(relay, port, path):
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = web.get(port, path, method, body=b"x" * 10)
        assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD", method
    head, whole = web.get(port, path, "HEAD"), web.get(port, path)
    assert head.status == whole.status and head.body == b"" and head.headers["Content-Type"] == whole.headers["Content-Type"]


@pytest.mark.parametrize("path", ["/", "/metrics", "/status.json", "/healthz/ready", "/dashboard.js"])
def test_foreign_names_and_pages(relay, port, path):
    for host in ("evil.example", f"evil.example:{port}", "relay.example.com.evil.example"):
        answer = web.get(port, path, Host=host)
        assert answer.status == 403 and "http.hosts" in answer.text, host
    for host in ("localhost", f"127.0.0.1:{port}", "[::1]", "relay.example.com"):
        assert web.get(port, path, Host=host).status == 200, host
    for origin in ("http://evil.example", "null", "http://localhost:1"):
        assert web.get(port, path, Origin=origin).status == 403, origin
    assert web.get(port, path, Origin=f"http://127.0.0.1:{port}").status == 200


def test_headers_keep_pages_to_themselves(relay, port):
    for path in ("/", "/trace?q=x", "/status.json", "/metrics", "/dashboard.css", "/nothing"):
        headers = web.get(port, path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin" and headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in headers and "Server" not in headers


def test_token(make, upstream, keys):
    at = free_ports(1)[0]
    relay = make.relay(upstream, start=False, http={"address": f"127.0.0.1:{at}", "token": "http.token", "hosts": ["status.example.com"]})
    assert "http.token" in relay.cli("check", "config", expect=CONFIGURATION).stderr + relay.cli("check", "config", expect=None).stdout
    relay.write_secret("http.token", TOKEN + "\n")
    relay.start()
    for path in ("/", "/metrics", "/status.json", "/trace?q=x", "/nothing"):
        answer = web.get(at, path)
        assert answer.status == 401 and "Basic" in answer.headers["WWW-Authenticate"] and "Bearer" in answer.headers["WWW-Authenticate"]
        for wrong in (f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}x", f"Bearer {TOKEN[:-1]}", "Bearer", f"Digest {TOKEN}"):
            assert web.get(at, path, Authorization=wrong).status == 401, wrong
    basic = base64.b64encode(f"anybody:{TOKEN}".encode()).decode()
    for right in (f"Bearer {TOKEN}", f"Basic {basic}"):
        assert web.get(at, "/metrics", Authorization=right, Host="status.example.com").status == 200
    assert web.get(at, "/healthz/live").status == 200 and web.get(at, "/healthz/ready").status == 200
    assert TOKEN not in relay.log()
    # A new token counts from the reload on; a bad one changes nothing.
    relay.write_secret("http.token", "another-token-that-is-long\n")
    relay.cli("reload")
    assert web.get(at, "/metrics", Authorization=f"Bearer {TOKEN}").status == 401
    assert web.get(at, "/metrics", Authorization="Bearer another-token-that-is-long").status == 200
    relay.write_secret("http.token", "short\n")
    assert "http.token" in relay.cli("reload", expect=CONFIGURATION).stderr
    assert web.get(at, "/metrics", Authorization="Bearer another-token-that-is-long").status == 200


def test_reachable_without_token_shows_health_only(make, upstream):
    at = free_ports(1)[0]
    relay = make.relay(upstream, http=f"0.0.0.0:{at}")
    assert "only /healthz" in relay.json("status")["warnings"][0]
    assert web.get(at, "/healthz/ready").status == 200
    for path in ("/", "/metrics", "/status.json", "/trace?q=x"):
        answer = web.get(at, path)
        assert answer.status == 403 and "http.token" in answer.text


# -- reload, start, stop

def test_reload_moves_opens_and_closes(make, upstream, keys):
    first, second, taken = free_ports(3)
    relay = make.relay(upstream, http=f"127.0.0.1:{first}")
    relay.configure(http=f"127.0.0.1:{second}")
    relay.cli("reload")
    assert web.get(second, "/healthz/live").status == 200 and not port_open(first)
    with socket.create_server(("127.0.0.1", taken)):
        relay.configure(http=f"127.0.0.1:{taken}")
        refused = relay.cli("reload", expect=CONFIGURATION)
        assert f"127.0.0.1:{taken} is in use by another program" in refused.stderr and ": http:" in refused.stderr
        assert web.get(second, "/healthz/live").status == 200
    relay.configure(http="off")
    relay.cli("reload")
    assert not port_open(second)
    relay.configure(http=f"[::1]:{first}")
    relay.cli("reload")
    assert web.get(first, "/healthz/live", host="::1").status == 200
    send(relay, keys)
    assert relay.stop() == 0


@pytest.mark.parametrize("old, new", [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0")])
def test_reload_to_another_address_with_the_same_port(make, upstream, old, new):
    at = free_ports(1)[0]
    relay = make.relay(upstream, http=f"{old}:{at}")
    relay.configure(http=f"{new}:{at}")
    relay.cli("reload")
    # Only who listens everywhere is reached here.
    assert port_open(at, "127.0.0.2") == (new == "0.0.0.0")
    assert web.get(at, "/healthz/live").status == 200
    assert relay.stop() == 0


def test_silent_connections_do_not_keep_health_checks_out_for_long(relay, port):
    silent = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(80)]
    try:
        for raw in silent[:40]:
            raw.sendall(b"GET / HTTP/1.1\r\n")
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), 30) as asking:
            asking.sendall(b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert asking.recv(12) == b"HTTP/1.1 200"
        assert time.monotonic() - began < 25
    finally:
        for raw in silent:
            raw.close()


def test_mail_flows_without_the_port(make, upstream, keys):
    """A port that is taken is no reason not to start; it is told, and had as soon as it is free."""
    at = free_ports(1)[0]
    with socket.create_server(("127.0.0.1", at)):
        relay = make.relay(upstream, http=f"127.0.0.1:{at}")
        send(relay, keys)
        relay.wait_queue_empty()
        assert "is in use by another program" in relay.json("status")["warnings"][0]
        assert relay.cli("check", "health", expect=1).stdout.startswith("WARNING")
    until(lambda: port_open(at) and web.get(at, "/healthz/ready").status == 200, "the port", 30, 0.2)
    assert relay.json("status")["warnings"] == []
    assert relay.stop() == 0


def test_not_ready_while_stopping_or_without_room(make, keys):
    """Draining: a session still sends, and whoever balances sends no new ones."""
    at = free_ports(1)[0]
    upstream = make.upstream(delay_dot=5)
    relay = make.relay(upstream, http=f"127.0.0.1:{at}")
    send(relay, keys)
    until(lambda: relay.json("status")["sending"]["running"] == 1, "the message under way")
    os.kill(relay.process.pid, signal.SIGTERM)
    answer = until(lambda: [a for a in [web.get(at, "/healthz/ready")] if a.status != 200], "not ready")[0]
    assert answer.status == 503 and "the daemon is stopping" in answer.text
    assert web.get(at, "/healthz/live").status == 200


# -- what may be asked of it

def test_rough_requests(relay, port, keys):
    """Nonsense and floods end the connection, not the daemon, and mail goes on."""
    junk = [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
            b"GET /%00%ff%zz?q=%&=&&&=%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\nx",
            b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(5000)) + b"\r\n"]
    for octets in junk:
        with socket.create_connection(("127.0.0.1", port), 10) as raw:
            raw.settimeout(0.3)
            try:
                raw.sendall(octets)
                raw.recv(4096)
            except OSError:
                pass
    assert web.get(port, "/healthz/live").status == 200
    send(relay, keys)


def test_many_at_once(relay, port):
    """More than it takes at a time wait their turn; descriptors come back."""
    descriptors = web.metrics(port)["process_open_fds"]
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        paths = ["/", "/metrics", "/status.json", "/trace?q=user@example.net", "/healthz/live"] * 40
        assert {a.status for a in pool.map(lambda p: web.get(port, p), paths)} == {200}
    until(lambda: web.metrics(port)["process_open_fds"] <= descriptors + 3, "descriptors that came back")


def test_keep_alive(relay, port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for _ in range(3):
        connection.request("GET", "/metrics")
        assert connection.getresponse().read().startswith(b"# HELP fairlead_")
    connection.close()


def test_curl_and_nagios(relay, port):
    done = subprocess.run(["curl", "-fsS", f"http://localhost:{port}/healthz/ready"], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (0, "ready\n"), done.stderr
    assert relay.cli("check", "health").stdout.startswith("OK: ")


def test_memory_of_the_idle_daemon(make, upstream):
    """Below 45 MB with HTTP, below 25 MB without."""
    at = free_ports(1)[0]
    for http_at, limit in ((f"127.0.0.1:{at}", 45), ("off", 25)):
        relay = make.relay(upstream, http=http_at)

        def resident():
            return relay.process.status("VmRSS") / 1e6
        until(lambda: resident() < limit, lambda: f"less than {limit} MB; it is {resident():.1f}", 20, 0.2)
        print(f"\nhttp: {http_at}: {resident():.1f} MB")
        relay.end()


def test_open_connections_hold_nobody_up(make, upstream):
    """Browsers keep theirs, and some never finish a request: reload and stop wait for none of them."""
    first, second = free_ports(2)
    relay = make.relay(upstream, http=f"127.0.0.1:{first}")
    for at, leave in ((first, lambda: relay.cli("reload")), (second, relay.stop)):
        kept = [socket.create_connection(("127.0.0.1", at), 10) for _ in range(5)]
        for number, raw in enumerate(kept):
            raw.sendall([b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\nHost: loc", b"",
                         b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx",
                         b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200][number])
        until(lambda: kept[0].recv(1, socket.MSG_PEEK), "an answer")
        relay.configure(http=f"127.0.0.1:{second}")
        began = time.monotonic()
        leave()
        assert time.monotonic() - began < 5
        until(lambda: not port_open(at), "a closed port")
        for raw in kept:
            raw.close()
