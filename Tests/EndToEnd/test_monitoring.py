"""Prometheus itself scrapes, and finds what the shipped rules and the Grafana dashboard ask for."""
import json
import os
import re
import shutil
import subprocess
import urllib.parse

import pytest

from harness import clients, messages, web
from harness.processes import Process
from harness.relay import REPOSITORY, token
from harness.waiting import free_ports, port_open, until

MONITORING = os.path.join(REPOSITORY, "packaging", "monitoring")
HERE = os.path.dirname(os.path.abspath(__file__))
TOKEN = "a-token-of-the-tests-7+/="

pytestmark = pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool: install prometheus")


def promtool(*arguments, **options):
    return subprocess.run(["promtool", *arguments], text=True, capture_output=True, timeout=60, **options)


@pytest.fixture(scope="module")
def port():
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def relay(upstream, make_for_module, port):
    """With a token, and with some of everything in its counters."""
    relay = make_for_module.relay(upstream, start=False, http={"address": f"127.0.0.1:{port}", "token": "http.token"},
                                  accounts={"app": {"daily": 1000}}, upstream={"daily_quota": 5000})
    relay.write_secret("http.token", TOKEN)
    relay.start()
    smtp = clients.connect(relay.starttls, relay.keys)
    for _ in range(5):
        assert clients.submit(smtp, messages.plain(token()))[0] == 250
    smtp.close()
    relay.wait_queue_empty()
    return relay


@pytest.fixture(scope="module")
def prometheus(relay, port, tmp_path_factory):
    """Runs by the shipped example, only faster."""
    folder = tmp_path_factory.mktemp("prometheus")
    at = free_ports(1)[0]
    with open(os.path.join(MONITORING, "prometheus.yml")) as f:
        text = f.read()
    (folder / "token").write_text(TOKEN)
    shutil.copy(os.path.join(MONITORING, "fairlead.rules.yml"), folder)
    changed = text.replace("127.0.0.1:9587", f"127.0.0.1:{port}").replace("15s", "1s") \
        .replace("#authorization: { credentials_file: /etc/prometheus/fairlead.token }", f"authorization: {{ credentials_file: {folder}/token }}")
    assert changed.count(f"127.0.0.1:{port}") == 1 and changed.count("1s") == 2 and f"{folder}/token" in changed
    (folder / "prometheus.yml").write_text(changed)
    process = Process([shutil.which("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                       f"--web.listen-address=127.0.0.1:{at}", "--log.level=warn"], folder / "log")
    process.ready(lambda: port_open(at) and web.get(at, "/-/ready").status == 200, 60)
    yield at
    process.stop()


def query(at, expression):
    answer = web.get(at, "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    assert answer.status == 200, f"{expression}: {answer.text}"
    return answer.json()["data"]["result"]


def rules():
    """The expressions of the rules, as promtool has read them."""
    with open(os.path.join(MONITORING, "fairlead.rules.yml")) as f:
        text = re.sub(r"expr: >-\n((?: {10}.*\n)+)", lambda m: "expr: " + " ".join(m[1].split()) + "\n", f.read())
    return re.findall(r"expr: (.*)", text)


def panels():
    """The expressions of the dashboard, with its variables filled in."""
    with open(os.path.join(MONITORING, "grafana-dashboard.json")) as f:
        dashboard = json.load(f)
    found = [t["expr"] for p in dashboard["panels"] for t in p["targets"]] + [a["expr"] for a in dashboard["annotations"]["list"]]
    return [e.replace("$instance", ".*").replace("$__rate_interval", "1m") for e in found]


def names(expression):
    return set(re.findall(r"\b(?:fairlead|process)_[a-z_]+", re.sub(r"\{[^}]*\}", "", expression)))


def test_promtool_has_nothing_to_say(relay, port):
    text = web.get(port, "/metrics", Authorization=f"Bearer {TOKEN}").text
    done = promtool("check", "metrics", input=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_rules():
    done = promtool("check", "rules", os.path.join(MONITORING, "fairlead.rules.yml"))
    assert done.returncode == 0, done.stderr
    done = promtool("test", "rules", os.path.join(HERE, "monitoring", "rules.test.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test():
    with open(os.path.join(MONITORING, "fairlead.rules.yml")) as f, open(os.path.join(HERE, "monitoring", "rules.test.yml")) as g:
        alerts, tests = set(re.findall(r"alert: (\w+)", f.read())), g.read()
    assert len(alerts) >= 8 and {a for a in alerts if a not in tests} == set()


def test_prometheus_scrapes(prometheus, relay):
    until(lambda: [r["value"][1] for r in query(prometheus, 'up{job="fairlead"}')] == ["1"], "a scrape", 30, 0.2)
    until(lambda: [r["value"][1] for r in query(prometheus, "sum(fairlead_recipients_relayed_total)")] == ["5"], "the counters", 10, 0.2)
    state = web.get(prometheus, "/api/v1/rules").json()["data"]["groups"]
    assert all(rule["health"] in ("ok", "unknown") for group in state for rule in group["rules"]), state


def test_all_that_is_asked_for_is_there(prometheus):
    """Each expression of rules and dashboard can be computed, and asks for metrics that exist."""
    until(lambda: query(prometheus, 'up{job="fairlead"} == 1'), "a scrape", 30, 0.2)
    there = set(web.get(prometheus, "/api/v1/label/__name__/values").json()["data"])
    asked = rules() + panels()
    assert len(rules()) >= 8 and len(panels()) >= 25
    for expression in asked:
        query(prometheus, expression)
        # What exists only while there is trouble cannot be missing.
        assert names(expression) <= there, f"{expression}: no {names(expression) - there}"
    assert names(" ".join(asked)) & there, "nothing"
    # And what has no condition shows something.
    empty = [e for e in panels() if not re.search(r"[<>=]=? *[0-9]|rate\(|changes\(", e) and not query(prometheus, e)]
    assert empty == []


def test_an_alarm_becomes_an_alert(prometheus, relay, upstream):
    upstream.behave(AUTH="535 Authentication Credentials Invalid")
    try:
        relay.cli("reload")
        smtp = clients.connect(relay.starttls, relay.keys)
        assert clients.submit(smtp, messages.plain(token()))[0] == 250
        smtp.close()

        def firing():
            alerts = web.get(prometheus, "/api/v1/alerts").json()["data"]["alerts"]
            return [a for a in alerts if a["labels"]["alertname"] == "FairleadAlarmCritical" and a["state"] == "firing"]
        alert = until(firing, "the alert", 40, 0.2)[0]
        assert alert["labels"]["kind"] == "route_paused" and "route_paused" in alert["annotations"]["summary"]
    finally:
        upstream.behave()
        relay.cli("reload")
    relay.wait_queue_empty()
    until(lambda: not firing(), "the end of the alert", 40, 0.2)
