"""What operators see: `tail` with conditions, `trace` as a timeline, `report --month`, `status` on one screen and as one that stays."""
import csv
import datetime
import io
import json
import os
import re
import sqlite3
import time

import pytest

from harness import clients, messages
from harness.processes import Process
from harness.relay import BINARY, USAGE, token
from harness.screen import Screen
from harness.waiting import until

LATER, NEVER = "later@example.net", "never@example.net"


def submit(relay, keys, recipients, user="app", password=None, mark=None, expect=250, **options):
    login = {} if password is None else {"user": user, "password": password}
    smtp = clients.connect(relay.starttls, keys, **login)
    code, text = clients.submit(smtp, messages.plain(mark or token()), recipients=recipients, **options)
    smtp.quit()
    assert code == expect, text
    return re.search(r"[0-9a-hjkmnp-tv-z]{13}", text)[0] if code == 250 else text


@pytest.fixture(scope="module")
def world(binary, make_for_module, keys):
    """A relay with two accounts, whose mail was relayed, deferred, failed, and refused."""
    upstream = make_for_module.upstream(RCPT={NEVER: "550 5.1.1 no such user", LATER: "451 4.3.0 come again"})
    relay = make_for_module.relay(upstream, accounts={"crm": {"daily": 100, "from": ["*@mail.example.com"]}})
    relay.add_account("crm", "second")
    relay.ids = {
        "app": submit(relay, keys, ["one@example.net"]),
        "mixed": submit(relay, keys, ["two@example.net", NEVER, LATER]),
        "crm": submit(relay, keys, ["Three@Example.org", "four@example.org"], "crm", "second"),
    }
    until(lambda: len(upstream.accepted()) == 3, "three messages upstream")
    until(lambda: "deferred" in relay.cli("trace", LATER).stdout, "the deferred recipient in trace")
    return relay


def past(relay, *conditions):
    return relay.json_lines("tail", "--no-follow", "-n", "1000", *conditions)


# -- tail

def test_tail_by_account(world):
    rows = past(world, "--account", "crm")
    assert rows and {row["account"] for row in rows} == {"crm"}
    assert {row["event"] for row in rows} >= {"accepted", "relayed"}
    assert past(world, "--account", "nobody") == []


@pytest.mark.parametrize("condition", ["two@example.net", "TWO@EXAMPLE.NET"])
def test_tail_by_recipient(world, condition):
    rows = past(world, "--recipient", condition)
    assert {row["queue_id"] for row in rows} == {world.ids["mixed"]}
    assert [row["event"] for row in rows] == ["accepted", "relayed"]


def test_tail_by_domain_of_recipients(world):
    assert {row["queue_id"] for row in past(world, "--recipient", "@example.org")} == {world.ids["crm"]}


def test_tail_of_what_failed(world):
    rows = past(world, "--failed")
    assert [(row["event"], row["recipients"]) for row in rows if row["event"] == "failed"] == [("failed", [NEVER])]
    assert not {row["event"] for row in rows} & {"accepted", "relayed", "deferred", "rewritten"}


def test_conditions_add_up(world):
    assert past(world, "--failed", "--account", "crm") == []
    assert [row["event"] for row in past(world, "--account", "app", "--recipient", LATER)][:2] == ["accepted", "deferred"]


def test_tail_since(world):
    everything = past(world)
    assert world.json_lines("tail", "--no-follow", "--since", "1h") == everything
    assert world.json_lines("tail", "--no-follow", "--since", "1h", "-n", "2") == everything[-2:]
    middle = [row for row in everything if row["event"] == "accepted"][1]["time"]
    later = world.json_lines("tail", "--no-follow", "--since", middle[:19] + "Z")
    assert later and all(row["time"] >= middle[:19] for row in later)
    tomorrow = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%d")
    assert world.json_lines("tail", "--no-follow", "--since", tomorrow) == []
    assert len(world.json_lines("tail", "--no-follow", "-n", "3")) == 3


@pytest.mark.parametrize("arguments", [("--since", "yesterday"), ("--since", "2026-02-30"), ("--since", "1w"), ("-n", "-1")])
def test_tail_refuses_what_it_does_not_understand(world, arguments):
    said = world.cli("tail", *arguments, expect=USAGE).stderr
    assert arguments[0] in said


def test_live_events_obey_the_same_conditions(world, keys, tmp_path):
    tail = Process([BINARY, "tail", "--json", "-n", "0", "--account", "crm", "--config", world.config_path], tmp_path / "tail")
    try:
        def rows():
            submit(world, keys, ["x@example.net"])
            submit(world, keys, ["y@example.net"], "crm", "second")
            return [json.loads(line) for line in tail.log().splitlines()]
        found = until(lambda: rows(), "a live event", every=0.2)
        assert {row["account"] for row in found} == {"crm"}
    finally:
        tail.kill()


def test_no_event_is_told_twice_or_left_out_when_the_past_goes_over_into_the_present(world, keys, tmp_path):
    """`tail` is started in the middle of a stream of mail, again and again."""
    for number in range(4):
        smtp = clients.connect(world.starttls, keys)
        name = token()
        tail = Process([BINARY, "tail", "--json", "--since", "1h", "--recipient", f"@{name}.example", "--config", world.config_path],
                       tmp_path / f"tail{number}")
        try:
            for count in range(30):
                clients.submit(smtp, messages.plain(token()), recipients=[f"r{count}@{name}.example"])

            def relayed():
                rows = [json.loads(line) for line in tail.log().split("\n")[:-1]]
                return [row["recipients"][0] for row in rows if row["event"] == "relayed"]
            until(lambda: len(relayed()) >= 30, lambda: f"30 events, {len(relayed())} are there")
            assert sorted(relayed()) == sorted(f"r{count}@{name}.example" for count in range(30))
        finally:
            tail.kill()
            smtp.close()


# -- trace

def test_trace_says_what_became_of_each_recipient(world):
    text = world.cli("trace", LATER).stdout
    lines = text.splitlines()
    assert lines[0].startswith(world.ids["mixed"])
    assert any("now: relayed to 1 of 3 recipients, 1 failed, 1 waiting" in line for line in lines), text
    assert any("waits:" in line and LATER in line and "451 4.3.0 come again" in line and "next at" in line for line in lines), text
    times = re.findall(r"\+(\d+\.\d{3}) s", text)
    assert times[0] == "0.000" and sorted(map(float, times)) == list(map(float, times))
    story = world.json("trace", LATER)["messages"][0]
    assert [r["address"] for r in story["queued"]["recipients"]] == [LATER] and story["queued"]["queue_name"] == "deferred"


def test_trace_of_what_has_left(world):
    text = world.cli("trace", world.ids["app"]).stdout
    assert re.search(r"now: relayed in \d", text) and "waits" not in text
    assert "to all 2 recipients" in world.cli("trace", world.ids["crm"]).stdout


def test_a_terminal_shows_recipients_that_fared_alike_on_one_line(world, keys):
    name = token()
    identifier = submit(world, keys, [f"r{count}@{name}.example" for count in range(40)])
    until(lambda: world.cli("trace", identifier).stdout.count(" relayed  to=") == 40, "a line for each in a pipe")
    with Screen([BINARY, "trace", identifier, "--config", world.config_path], 120, 40) as screen:
        text = screen.until("status 0")
        assert "now: relayed to all 40 recipients" in text
        assert re.search(rf"relayed  to=<r\d+@{name}\.example> and 39 more", text), text


def test_mail_that_was_refused_is_in_trace_too(world, keys):
    mark = f"{token()}@example.net"
    smtp = clients.connect(world.starttls, keys, user="crm", password="second")
    message = messages.plain(token()).replace(b"\r\n\r\n", b"\r\nFrom: twice@app.example\r\nX-SES-CONFIGURATION-SET: x\r\n\r\n", 1)
    code, text = clients.submit(smtp, message, recipients=[mark])
    smtp.quit()
    assert code >= 500, text
    story = until(lambda: world.json("trace", mark).get("events"), "the refusal in trace")
    assert [(event["event"], event["account"]) for event in story] == [("refused", "crm")]
    assert "refused" in world.cli("trace", mark).stdout and str(code) in world.cli("trace", mark).stdout
    assert "refused" in {row["event"] for row in past(world, "--failed", "--recipient", mark)}
    assert "nothing known" in world.cli("trace", "never-heard-of").stdout


def test_what_a_stranger_tries_fills_no_history(world, keys):
    before = len(past(world, "--failed"))
    import smtplib
    with pytest.raises(smtplib.SMTPAuthenticationError):
        clients.connect(world.starttls, keys, password="wrong", source=("127.0.12.1", 0))
    rows = until(lambda: [row for row in past(world, "--failed") if row["event"] == "login_refused"], "the refused login")
    assert rows[-1]["client"] == "127.0.12.1" and len(past(world, "--failed")) == before + 1


# -- report

def month():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")


def test_report(binary, make, keys):
    upstream = make.upstream(RCPT={NEVER: "550 5.1.1 no such user"})
    relay = make.relay(upstream)
    relay.add_account("crm", "second")
    for _ in range(3):
        submit(relay, keys, ["one@example.net", NEVER])
    submit(relay, keys, ["two@example.net", "three@example.net"], "crm", "second")
    sent = lambda: relay.json("report", "--month", month())
    until(lambda: (sent()["total"]["relayed"], sent()["total"]["failures"]) == (5 + 3, 3), lambda: f"the sums: {sent()}")
    # Each failure was reported to its sender, in a message of ours.
    report = sent()
    assert report["month"] == month() and report["counted_since"]
    app, crm = sorted(report["accounts"], key=lambda a: a["account"])
    assert (app["account"], app["messages"], app["recipients"], app["failures"], app["expired"]) == ("app", 3, 6, 3, 0)
    assert (crm["account"], crm["messages"], crm["recipients"], crm["relayed"], crm["failures"]) == ("crm", 1, 2, 2, 0)
    sizes = {event["token"]: event["size"] for event in upstream.accepted() if event["token"]}
    assert app["bytes"] + crm["bytes"] == sum(sizes.values())
    assert crm["relayed_bytes"] == 2 * crm["bytes"]
    for account in (app, crm):
        price = account["relayed"] / 1000 * 0.10 + account["relayed_bytes"] / 1e9 * 0.12
        assert account["ses_price"] == pytest.approx(price, abs=5e-5)
    rows = list(csv.DictReader(io.StringIO(relay.cli("report", "--csv", "--per-thousand", "1000", "--per-gigabyte", "0").stdout)))
    assert [(row["account"], row["messages"], row["recipients"], row["relayed"], row["failures"]) for row in rows] == \
        [("app", "3", "6", str(app["relayed"]), "3"), ("crm", "1", "2", "2", "0")]
    assert rows[1]["ses_price"] == "2.0000"
    assert relay.json("report", "--month", "2020-02")["accounts"] == []
    relay.cli("report", "--month", "2026-13", expect=USAGE)
    relay.cli("report", "--csv", "--json", expect=USAGE)
    # It is on the disk, whatever happens, and counted once.
    relay.kill()
    relay.start()
    assert sent()["accounts"] == report["accounts"]
    # The daemon may be down.
    relay.stop()
    assert sent()["accounts"] == report["accounts"]


def test_a_history_from_before_is_counted_once(binary, make, keys):
    upstream = make.upstream(RCPT={NEVER: "550 5.1.1 no such user"})
    relay = make.relay(upstream)
    for _ in range(4):
        submit(relay, keys, ["one@example.net", "two@example.net", NEVER])
    until(lambda: relay.json("report")["total"]["relayed"] == 12, "the report")
    wanted = relay.json("report")["accounts"]
    relay.stop()
    with sqlite3.connect(os.path.join(relay.folder, "queue", "history.db")) as history:
        history.execute("DROP TABLE usage")
        history.execute("DELETE FROM mark WHERE name = 'usage'")
        # As the version before wrote it.
        history.execute("UPDATE event SET message_size = NULL WHERE name = 'relayed'")
    relay.start()
    found = relay.json("report")["accounts"]
    for account in found + wanted:
        del account["relayed_bytes"], account["ses_price"]  # reports of ours have no acceptance to take their size from
    assert found == wanted


# -- status

def test_status_has_it_all(world):
    status = world.json("status")
    assert status["route"]["state"] == "open" and status["queue"]["messages"] >= 1 and status["queue"]["oldest_age"] >= 0
    assert len(status["sending"]["per_second"]) == 60 and sum(status["sending"]["per_second"]) <= status["sending"]["relayed"]
    crm = [account for account in status["accounts"] if account["name"] == "crm"][0]
    assert crm["daily"] == 100 and crm["accepted_24h"] >= 2 and crm["relayed_24h"] >= 2
    assert {"550 5.1.1 no such user", "451 4.3.0 come again"} <= {error["text"] for error in status["errors"]}
    assert status["versions"]["openssl"].startswith("3.") and status["versions"]["sqlite"].startswith("3.")
    assert status["versions"]["fairlead"] == status["version"] and status["uptime"] >= 0
    assert status["configuration"]["path"] == world.config_path and status["space"]["free"] > 0


def test_status_is_one_screen(world):
    text = world.cli("status").stdout
    assert len(text.splitlines()) <= 24
    for word in ("all is well", "open", "queue", "oldest", "rate", "24 hours", "crm", "disk", "451 4.3.0 come again", "OpenSSL 3.", "SQLite 3."):
        assert word in text, word
    assert "\x1b" not in text


@pytest.mark.parametrize("width, height", [(80, 24), (120, 40)])
def test_watch(world, keys, width, height):
    with Screen([BINARY, "status", "--watch", "--config", world.config_path], width, height, LC_ALL="C.UTF-8") as screen:
        screen.until("all is well")
        text = screen.until("relayed  to=")
        lines = screen.lines()
        assert len(lines) == height and lines[0].startswith("fairlead ") and lines[0].endswith(" UTC") and len(lines[0]) == width
        assert "before" not in text and not screen.cursor_is_visible()
        for word in ("route", "queue", "rate", "disk", "account, 24 hours", "crm", "last errors", "q quit"):
            assert word in text, f"{word} in\n{text}"
        # It is alive: what happens comes by itself, with the plot of the last minute.
        name = token()
        submit(world, keys, [f"{name}@example.net"])
        screen.until(name, 5)
        until(lambda: re.search("[▁▂▃▄▅▆▇█]", screen.text()), screen.text)
        assert "\x1b[32m" in screen.coloured()
        screen.keys("q")
        text = screen.until("status 0")
        # What was there is there again.
        assert text.startswith("before") and screen.cursor_is_visible() and "all is well" not in text


def test_watch_without_colour_and_without_utf8(world):
    with Screen(["env", "NO_COLOR=1", BINARY, "status", "--watch", "--config", world.config_path], 100, 30, LC_ALL="C") as screen:
        screen.until("all is well")
        assert "\x1b[3" not in screen.coloured() and screen.text().isascii()
        screen.keys("C-c")
        screen.until("status 0")


def test_watch_follows_the_size_of_the_terminal(world):
    with Screen([BINARY, "status", "--watch", "--config", world.config_path], 120, 40) as screen:
        screen.until("all is well")
        for width, height in ((60, 12), (200, 50), (20, 4)):
            screen.resize(width, height)
            until(lambda: len(screen.lines()) == height and screen.lines()[-1].startswith("q quit"), screen.text)
        screen.keys("Escape")
        screen.resize(80, 24)
        screen.until("status 0")


def test_watch_outlives_the_daemon_and_shows_trouble(binary, make, keys):
    upstream = make.upstream(AUTH="535 Authentication Credentials Invalid")
    relay = make.relay(upstream)
    with Screen([BINARY, "status", "--watch", "--interval", "0.2", "--config", relay.config_path], 80, 24) as screen:
        screen.until("all is well")
        submit(relay, keys, ["one@example.net"])
        text = screen.until("535 Authentication Credentials Invalid")
        assert "ALARM" in text and "because" in text and "to do" in text and "upstream.credentials" in text
        relay.stop()
        screen.until("no answer at")
        upstream.behave()
        relay.start()
        screen.until("all is well", 15)
        screen.keys("q")
        screen.until("status 0")


def test_watch_in_a_pipe(world, tmp_path):
    for arguments in (["--json"], []):
        out = Process([BINARY, "status", "--watch", "--interval", "0.1", *arguments, "--config", world.config_path], tmp_path / "out")
        try:
            until(lambda: out.log().count('"hostname"' if arguments else "all is well") >= 3, out.log)
            if arguments:
                assert all("route" in json.loads(line) for line in out.log().split("\n")[:-1])
            assert "\x1b" not in out.log()
        finally:
            out.kill()
        os.unlink(tmp_path / "out")


def test_status_as_fast_as_it_is_asked(world):
    """A monitor that asks a hundred times, and the screen's own pace, are nothing to the daemon."""
    began = time.monotonic()
    for _ in range(20):
        world.json("status")
    assert time.monotonic() - began < 10
