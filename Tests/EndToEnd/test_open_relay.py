"""Nobody who has not logged in over TLS gets a message in, by whatever trick; and what is refused leaves no trace in the queue."""
import pytest

from harness import dialogue
from harness.relay import PASSWORD, USER
from harness.waiting import until

WRONG = dialogue.plain(USER, "wrong")
TRICKS = {
    "plain": ["EHLO x", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA"],
    "our own domain": ["EHLO x", "MAIL FROM:<no-reply@mail.example.com>", "RCPT TO:<b@example.org>", "DATA"],
    "to our own domain": ["EHLO x", "MAIL FROM:<a@example.net>", "RCPT TO:<postmaster@mail.example.com>", "DATA"],
    "quoted at sign": ["EHLO x", "MAIL FROM:<a@example.net>", 'RCPT TO:<"u@example.org"@mail.example.com>', "DATA"],
    "percent hack": ["EHLO x", "MAIL FROM:<a@example.net>", "RCPT TO:<u%example.org@mail.example.com>", "DATA"],
    "bang path": ["EHLO x", "MAIL FROM:<a@example.net>", "RCPT TO:<example.org!u@mail.example.com>", "DATA"],
    "source route": ["EHLO x", "MAIL FROM:<a@example.net>", "RCPT TO:<@mail.example.com:u@example.org>", "DATA"],
    "spoofed name": ["EHLO relay.example.com", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA"],
    "HELO": ["HELO localhost", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA"],
    "null sender": ["EHLO x", "MAIL FROM:<>", "RCPT TO:<b@example.org>", "DATA"],
    "AUTH parameter": ["EHLO x", "MAIL FROM:<a@example.net> AUTH=app", "RCPT TO:<b@example.org>", "DATA"],
    "failed login": ["EHLO x", f"AUTH PLAIN {WRONG}", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA"],
    "login broken off": ["EHLO x", "AUTH PLAIN", "*", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA"],
    "XCLIENT": ["EHLO x", "XCLIENT ADDR=127.0.0.1 LOGIN=app", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA"],
    "XFORWARD": ["EHLO x", "XFORWARD ADDR=127.0.0.1", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA"],
    "PROXY": ["PROXY TCP4 127.0.0.1 127.0.0.1 1 2", "EHLO x", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA"],
    "no EHLO": ["MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA"],
}
STEPS_THAT_MAY_SUCCEED = ("EHLO", "HELO", "AUTH PLAIN")


@pytest.fixture(scope="module")
def relay(upstream, make_for_module):
    return make_for_module.relay(upstream)


@pytest.mark.parametrize("where", ["clear", "starttls", "implicit"])
@pytest.mark.parametrize("trick", TRICKS)
def test_refused(relay, upstream, keys, trick, where):
    # Each test comes from an address of its own, so that the delay after failed logins cannot hide a hole.
    number = list(TRICKS).index(trick) * 3 + ["clear", "starttls", "implicit"].index(where)
    source = f"127.0.1.{number + 1}"
    with dialogue.RawClient(relay.implicit if where == "implicit" else relay.starttls, keys, source=source) as raw:
        if where == "starttls":
            raw.starttls()
        else:
            if where == "implicit":
                raw.handshake()
            raw.reply()
        try:
            for step in TRICKS[trick]:
                code = raw.command(step)[-1][:3]
                if not step.startswith(STEPS_THAT_MAY_SUCCEED):
                    assert code[0] in "45", f"{step} was answered with {code}"
                elif step.startswith("AUTH PLAIN "):
                    assert code[0] == "5"
        except dialogue.Closed:
            pass
    assert relay.queue() == []
    assert upstream.events("mail") == []


@pytest.mark.parametrize("good", [True, False])
def test_login_in_clear_is_not_evaluated(relay, keys, good):
    """A right and a wrong password in clear get the same answer, and the right one opens nothing."""
    with dialogue.RawClient(relay.starttls, keys, source="127.0.2.1") as raw:
        offered = raw.greeting_and_ehlo()
        assert not [line for line in offered if "AUTH" in line]
        reply = raw.command("AUTH PLAIN " + dialogue.plain(USER, PASSWORD if good else "wrong"))
        assert reply[-1].startswith(("530 5.7.0", "538 5.7.11"))
        assert raw.command("MAIL FROM:<a@app.example>")[-1].startswith(("530", "503"))


def test_login_does_not_survive_starttls(relay, keys):
    with dialogue.RawClient(relay.starttls, keys, source="127.0.2.2") as raw:
        raw.greeting_and_ehlo()
        raw.command("AUTH PLAIN " + dialogue.plain())
        raw.command("STARTTLS")
        raw.handshake()
        assert raw.command("MAIL FROM:<a@app.example>")[-1].startswith(("503", "530"))
        raw.command("EHLO x")
        assert raw.command("MAIL FROM:<a@app.example>")[-1].startswith("530")


def test_refused_logins_look_alike(relay, keys):
    """Wrong password, unknown user, foreign authorization identity: one text for all."""
    attempts = [dialogue.plain(USER, "wrong"), dialogue.plain("nobody", "wrong"), dialogue.plain("nobody", PASSWORD),
                dialogue.plain(USER, PASSWORD, authorize="root")]
    replies = set()
    for number, attempt in enumerate(attempts):
        with dialogue.RawClient(relay.starttls, keys, source=f"127.0.3.{number + 1}") as raw:
            raw.starttls()
            raw.command("EHLO x")
            replies.add(tuple(raw.command("AUTH PLAIN " + attempt)))
    assert len(replies) == 1
    assert replies.pop()[-1].startswith("535 5.7.8")


def test_refused_login_leaves_one_line_with_the_address(relay, keys):
    with dialogue.RawClient(relay.starttls, keys, source="127.0.4.9") as raw:
        raw.starttls()
        raw.command("EHLO x")
        raw.command("AUTH PLAIN " + dialogue.plain("intruder", "hunter2"))
    until(lambda: [line for line in relay.log().splitlines() if "127.0.4.9" in line], "the line")
    assert "hunter2" not in relay.log() and dialogue.plain("intruder", "hunter2") not in relay.log()
