"""Memory is bounded by configuration, not by what clients send. All figures are of the process, from /proc."""
import pytest

from harness import clients, dialogue, messages
from harness.relay import token
from harness.waiting import until

MB = 1_000_000


def peak_growth(process, action):
    """How far the peak of resident memory rose above what was resident before, in octets."""
    with open(f"/proc/{process.pid}/clear_refs", "w") as f:
        f.write("5")    # sets the peak back to the present
    before = process.status("VmRSS")
    action()
    return process.status("VmHWM") - before


@pytest.fixture
def warm(binary, make, keys):
    """A relay through which a few messages went, so that every part of it has been used."""
    upstream = make.upstream()
    relay = make.relay(upstream)
    smtp = clients.connect(relay.starttls, keys)
    for _ in range(20):
        assert clients.submit(smtp, messages.plain(token()))[0] == 250
    smtp.quit()
    relay.wait_queue_empty()
    return relay, upstream


def test_idle(warm):
    relay, _ = warm
    until(lambda: relay.process.status("VmRSS") < 40 * MB, lambda: f"less than 40 MB; it is {relay.process.status('VmRSS') / MB:.1f}")


@pytest.mark.slow
def test_largest_message(warm, keys):
    relay, upstream = warm
    mark = token()
    message = messages.of_size(mark, 39_900_000, line=990)

    def send():
        smtp = clients.connect(relay.starttls, keys, timeout=120)
        code, text = clients.submit(smtp, message)
        assert code == 250, text
        smtp.quit()
        until(lambda: [e for e in upstream.accepted() if e["token"] == mark], "the message upstream", 120)
        relay.wait_queue_empty()
    growth = peak_growth(relay.process, send)
    assert upstream.one_with(mark).partition(b"\r\n\r\n")[2] == message.partition(b"\r\n\r\n")[2]
    assert growth < 8 * MB, f"{growth / MB:.1f} MB"


def test_too_large_by_its_own_word(warm, keys):
    relay, _ = warm
    with dialogue.client(relay.starttls, keys) as raw:
        raw.login()
        assert raw.command("MAIL FROM:<crm@app.example> SIZE=41000000")[-1].startswith("552 5.3.4")
        assert raw.command("MAIL FROM:<crm@app.example> SIZE=100")[-1].startswith("250")


@pytest.mark.slow
@pytest.mark.parametrize("line", [990, 41_000_000], ids=["lines", "one line"])
def test_too_large_while_reading(warm, keys, line):
    """Refused after its end, in constant memory, whatever SIZE= said; and the session goes on."""
    relay, upstream = warm
    message = messages.of_size(token(), 41_000_000, line=line)
    received = len(upstream.events("mail"))

    def send():
        with dialogue.client(relay.starttls, keys, timeout=60) as raw:
            raw.login()
            for command in ("MAIL FROM:<crm@app.example> SIZE=100", "RCPT TO:<user@example.net>", "DATA"):
                assert raw.command(command)[-1][0] in "23"
            raw.send(message + b".\r\n")
            reply = raw.reply()[-1]
            assert reply.startswith(("552 5.3.4", "554 5.6.0", "550 5.6.0")), reply
            if line < 1000:
                assert reply.startswith("552 5.3.4")
            assert raw.command("NOOP")[-1].startswith("250")
    growth = peak_growth(relay.process, send)
    assert growth < 8 * MB, f"{growth / MB:.1f} MB"
    assert relay.queue() == [] and len(upstream.events("mail")) == received


@pytest.mark.parametrize("where", ["command", "AUTH response", "field"])
def test_endless_line(warm, keys, where):
    relay, _ = warm

    def send():
        with dialogue.client(relay.starttls, keys, timeout=60, source="127.0.6.1") as raw:
            if where == "AUTH response":
                raw.command("EHLO x")
                raw.command("AUTH PLAIN")
            else:
                raw.login()
            if where == "field":
                for command in ("MAIL FROM:<crm@app.example>", "RCPT TO:<user@example.net>", "DATA"):
                    raw.command(command)
                raw.send(b"X-Endless: ")
            for _ in range(20):
                raw.send(b"A" * MB)
            raw.send(b"\r\n\r\n.\r\n" if where == "field" else b"\r\n")
            try:
                assert raw.reply()[-1][0] == "5"
            except dialogue.Closed:
                pass
    growth = peak_growth(relay.process, send)
    assert growth < 8 * MB, f"{growth / MB:.1f} MB"


@pytest.mark.slow
def test_idle_connections(warm, keys):
    """1,000 connections that have logged in and say nothing: less than 64 KiB each, and no thread more."""
    relay, _ = warm
    context = clients.trusting(keys)
    held = []

    def hold(count):
        for _ in range(count):
            raw = dialogue.RawClient(relay.implicit, keys)
            raw.handshake(context)
            raw.reply()
            raw.login()
            held.append(raw)
    try:
        hold(50)
        memory, threads = relay.process.status("VmRSS"), relay.process.status("Threads")
        hold(1000)
        each = (relay.process.status("VmRSS") - memory) / 1000
        assert each < 64 * 1024, f"{each / 1024:.1f} KiB each"
        assert relay.process.status("Threads") <= threads + 2
        assert held[0].command("NOOP")[-1].startswith("250") and held[-1].command("NOOP")[-1].startswith("250")
    finally:
        for raw in held:
            raw.close()


def test_backlog_does_not_stay_in_memory(binary, make, keys):
    """The upstream is away and 3,000 messages wait: memory is flat in the length of the queue."""
    upstream = make.upstream(keep=False)
    upstream.stop()
    relay = make.relay(upstream)
    smtp = [clients.connect(relay.starttls, keys) for _ in range(4)]

    def send(count):
        for number in range(count):
            mark = token()
            code, text = clients.submit(smtp[number % 4], messages.plain(mark, body="y" * 900 + "\r\n" + "z" * 900 + "\r\n"))
            assert code == 250, text
            sent.add(mark)
    sent = set()
    send(500)
    growth = peak_growth(relay.process, lambda: send(2500))
    assert growth < 6 * MB, f"{growth / MB:.1f} MB"
    upstream.start()
    relay.wait_queue_empty(90)
    # On a slow machine the operator gets an alarm about the upstream, too.
    assert len(sent) == 3000 and sent == {e["token"] for e in upstream.accepted()} & sent
