"""`fairlead sendmail`: every flag, any user, and nothing lost while the daemon is down."""
import email
import email.policy
import grp
import os
import re
import stat
import subprocess

import pytest

from harness import local_mail, messages
from harness.relay import token
from harness.waiting import until

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="becoming other users needs root")

USAGE, DATA, NO_USER, TEMPORARY, PERMISSION = 64, 65, 67, 75, 77
ALIASES = "jobs@relay.host.example: jobs@corp.example\nroot@mail.example.com: admin@corp.example\nteam@mail.example.com: a@corp.example, b@corp.example\n"


@pytest.fixture(scope="module")
def place():
    place = local_mail.Place()
    yield place
    place.end()


@pytest.fixture(scope="module")
def upstream(make_for_module):
    return make_for_module.sandbox(identities=("mail.example.com", "host.example"))


@pytest.fixture(scope="module")
def relay(upstream, make_for_module, place, keys):
    relay = make_for_module.relay(
        upstream, start=False, aliases="aliases", hostname="relay.host.example",
        identities=[{"domain": domain, "dkim": {"selector": "fl2026", "private_key": keys.dkim_key}} for domain in ("mail.example.com", "host.example")],
        limits={"message_size": "2MB"},
        accounts={"slow": {"rate": "1/h"}, "strict": {"unverified_from": "reject"}},
        **place.settings(account="local", accounts={"www-data": "shop", "daemon": "slow", str(local_mail.uid("games")): "strict"}))
    with open(relay.path("aliases"), "w") as f:
        f.write(ALIASES)
    return relay.start()


def parsed(upstream, name):
    return email.message_from_bytes(upstream.one_with(name), policy=email.policy.default)


def mail(name, to="user@example.net", sender="From: Ann <ann@web1.example.com>\n", more=""):
    return f"{sender}To: {to}\nSubject: test\nX-Token: {name}\n{more}\nHello\n"


def accepted(relay, queue_id):
    """The event, which is in the history at once or nearly so."""
    def there():
        return [e for m in relay.json("trace", queue_id)["messages"] for e in m["events"] if e["event"] == "accepted"]
    return until(there, f"{queue_id} in trace")[0]


def recipients(relay, queue_id):
    return sorted(accepted(relay, queue_id)["recipients"])


def queued(done):
    return done.stdout.decode().split()[-1]


# -- flags


@pytest.mark.parametrize("flags", [["-t"], ["-t", "-i"], ["-ti"], ["-t", "-oi"], ["-toi"], ["-i", "-t", "-oem", "-oee"], ["-t", "-OIgnoreDots"],
                                   ["-t", "-i", "-f", "x@y.example"], ["-t", "-N", "success,failure", "-R", "hdrs", "-V", "abc"],
                                   ["-B8BITMIME", "-t", "-G", "-U", "-Z", "--what=ever"], ["-t", "-odb", "-om", "-hx", "-p", "SMTP"]])
def test_recipients_from_the_header(place, relay, upstream, flags):
    name = token()
    done = place.run(*flags, "-v", text=mail(name, "Ann <user@example.net>, \"B, C\" <second@example.net>", more="Cc: third@example.net\nBcc: hidden@example.net\n"))
    found = parsed(upstream, name)
    assert found["Bcc"] is None and b"hidden" not in upstream.one_with(name)
    assert recipients(relay, queued(done)) == ["hidden@example.net", "second@example.net", "third@example.net", "user@example.net"]


def test_recipients_as_arguments(place, relay, upstream):
    name = token()
    done = place.run("-i", "-v", "a@example.net", "b@example.net,Carl <c@example.net>", "--", text=mail(name, "not@asked.example"))
    assert recipients(relay, queued(done)) == ["a@example.net", "b@example.net", "c@example.net"]
    assert parsed(upstream, name)["To"] == "not@asked.example"


def test_both_count(place, relay):
    done = place.run("-t", "-v", "a@example.net", text=mail(token(), "b@example.net"))
    assert recipients(relay, queued(done)) == ["a@example.net", "b@example.net"]


def test_silence_without_v(place, relay):
    done = place.run("-t", text=mail(token()))
    assert done.stdout == b"" and done.stderr == b""


@pytest.mark.parametrize("flags,ends", [([], True), (["-i"], False), (["-oi"], False), (["-O", "IgnoreDots=True"], False)])
def test_a_single_dot(place, relay, upstream, flags, ends):
    name = token()
    place.run(*flags, "-t", text=mail(name) + "before\n.\nafter\n..\n")
    body = upstream.one_with(name).partition(b"\r\n\r\n")[2]
    assert body == (b"Hello\r\nbefore\r\n" if ends else b"Hello\r\nbefore\r\n.\r\nafter\r\n..\r\n")


@pytest.mark.parametrize("flags,env,expected", [
    ([], {}, "via"), (["-F", "Web Shop"], {}, "Web Shop via"), (["-FWeb"], {}, "Web via"), ([], {"NAME": "Änne M"}, "Änne M via")])
def test_an_author_is_made(place, relay, upstream, flags, env, expected):
    name = token()
    place.run(*flags, "-t", text=mail(name, sender=""), user="www-data", env=env)
    found = parsed(upstream, name)["From"]
    assert expected in found and "no-reply@mail.example.com" in found


def test_a_drop_bears_its_own_message_id(place, relay):
    """Handed in twice, it is the same message."""
    relay.stop()
    name = token()
    try:
        before = set(place.dropped())
        place.run("-t", text=mail(name))
        (file,) = set(place.dropped()) - before
        with open(os.path.join(place.maildrop, file), "rb") as f:
            header = f.read()
        assert re.search(rb"\r\nMessage-ID: <\S+@\S+>\r\nDate: \w{3}, ", header)
    finally:
        relay.start()


def test_text_without_a_header(place, relay, upstream):
    name = token()
    done = place.run("-v", "user@example.net", text=f"disk {name} is full\nX: no field of a header\n")
    queue_id = queued(done)
    found = until(lambda: [m for m in upstream.messages() if name.encode() in m], "the message upstream")[0]
    assert found.partition(b"\r\n\r\n")[2].startswith(f"disk {name} is full\r\n".encode())
    assert recipients(relay, queue_id) == ["user@example.net"]


def test_line_ends_and_odd_octets(place, relay, upstream):
    name = token()
    text = mail(name).encode().replace(b"\n", b"\r\n") + b"10%\r20%\r100%\nNUL\0NUL\r\r\n" + "Größe".encode() + b"\n" + b"x" * 3000 + b"\n"
    place.run("-t", text=text)
    body = parsed(upstream, name).get_content()
    assert "10%\n20%\n100%\nNULNUL\nGröße\n" in body.replace("\r\n", "\n")


def test_envelope_sender(place, relay):
    for flags, expected in ((["-f", "bounce@mail.example.com"], "bounce@mail.example.com"), (["-rbounce@mail.example.com"], "bounce@mail.example.com"),
                            (["-f", "www-data"], "www-data@localhost"), (["-f", ""], ""), (["-f", "<>"], ""),
                            (["-f", "Ann <ann@mail.example.com>"], "ann@mail.example.com"), (["-N", "never"], ""), ([], "root@localhost")):
        queue_id = queued(place.run(*flags, "-t", "-v", text=mail(token())))
        sender = accepted(relay, queue_id)["sender"]
        assert sender.startswith(expected) and (expected or sender == ""), (flags, sender)


# -- users


@pytest.mark.parametrize("user,account", [("root", "local"), ("nobody", "local"), ("www-data", "shop")])
def test_the_user_chooses_the_account(place, relay, upstream, user, account):
    name = token()
    queue_id = queued(place.run("-t", "-v", text=mail(name), user=user))
    event = accepted(relay, queue_id)
    assert event["account"] == account
    assert event["client"] == f"uid {local_mail.uid(user)}"
    assert f"(userid {local_mail.uid(user)})" in parsed(upstream, name)["Received"]


def test_limits_of_the_account_hold(place, relay):
    place.run("-t", text=mail(token()), user="daemon")
    refused = place.run("-t", text=mail(token()), user="daemon", expect=TEMPORARY)
    assert b"over its rate" in refused.stderr
    assert place.dropped() == []  # who meets a limit hears of it
    strict = place.run("-t", text=mail(token()), user="games", expect=PERMISSION)
    assert b"not allowed for account strict" in strict.stderr


def test_users_may_be_refused(place, relay):
    relay.configure(local={"account": "none"})
    relay.cli("reload")
    try:
        refused = place.run("-t", text=mail(token()), user="nobody", expect=PERMISSION)
        assert b"local.accounts" in refused.stderr
        assert place.dropped() == []
        place.run("-t", text=mail(token()), user="www-data")
    finally:
        relay.configure(local={"account": "local"})
        relay.cli("reload")


# -- users of this host as recipients


@pytest.mark.parametrize("to,expected", [
    ("root", ["admin@corp.example"]), ("Root", ["admin@corp.example"]), ("root@localhost", ["admin@corp.example"]),
    ("root@relay.host.example", ["admin@corp.example"]), ("jobs", ["jobs@corp.example"]), ("team", ["a@corp.example", "b@corp.example"]),
    ("www-data", ["ops@mail.example.com"]), ("postmaster", ["ops@mail.example.com"]), ("team@mail.example.com", ["a@corp.example", "b@corp.example"])])
def test_names_without_a_domain(place, relay, upstream, to, expected):
    name = token()
    queue_id = queued(place.run("-t", "-v", text=mail(name, to, sender="From: root (Cron Daemon)\n"), user="nobody"))
    assert recipients(relay, queue_id) == expected
    found = parsed(upstream, name)
    assert "Cron Daemon via " in found["From"]
    if "@" not in to:
        assert "@" in found["To"] and "." in found["To"]


def test_strangers_have_no_users_here(relay):
    """Only programs of this host may leave the domain out."""
    from harness import dialogue
    with dialogue.RawClient(relay.implicit, relay.keys) as raw:
        raw.handshake()
        raw.reply()
        raw.command("EHLO x")
        assert raw.command("AUTH PLAIN " + dialogue.plain())[-1].startswith("235")
        raw.command("MAIL FROM:<a@mail.example.com>")
        for to in ("root", "root@localhost"):
            assert raw.command(f"RCPT TO:<{to}>")[-1][0] == "5"


# -- refusals


@pytest.mark.parametrize("flags,text,status,words", [
    ([], "x", USAGE, b"no recipients"), (["-t"], "Subject: x\n\nx\n", USAGE, b"no recipient"),
    (["-t"], "To: Ann Example\n\nx\n", DATA, b"To field"), (["@"], "x", USAGE, b"give an address"),
    (["a b@example.net"], "x", USAGE, b"give an address"), (["\u00fc@x.example"], "x", USAGE, b"before the '@'"), (["-bd"], "", USAGE, b"systemctl start"),
    (["-t"], mail("x", more="X-SES-Tenant: x\n"), PERMISSION, b"may not be set"),
    (["-t"], mail("x", sender="From: a@b.example, c@d.example\n"), DATA, b"exactly one address"),
])
def test_refusals(place, relay, flags, text, status, words):
    done = place.run(*flags, text=text, expect=status)
    assert words in done.stderr and done.stderr.startswith(b"fairlead: ")


def test_one_bad_recipient_refuses_all(place, relay):
    relay.cli("suppress", "add", "gone@example.net")
    done = place.run("-t", text=mail(token(), "user@example.net, gone@example.net"), expect=None)
    assert done.returncode in (NO_USER, PERMISSION) and b"gone@example.net" in done.stderr


def test_message_too_large(place, relay):
    done = place.run("-i", "user@example.net", text=b"From: a@b.example\n\n" + (b"x" * 75 + b"\n") * 30_000, expect=DATA)
    assert b"552" in done.stderr


def test_message_far_too_large(place, relay):
    """The daemon hangs up while sendmail still writes: that is a refusal, not a daemon that is away."""
    before = place.dropped()
    done = place.run("-i", "user@example.net", text=b"From: a@b.example\n\n" + (b"x" * 75 + b"\n") * 80_000, expect=DATA)
    assert b"552" in done.stderr
    assert place.dropped() == before


# -- other modes


def test_smtp_on_standard_input(place, relay, upstream):
    """All lines at once, as a script writes them, and with the line ends of one."""
    name = token()
    lines = ["EHLO me", "MAIL FROM:<www-data>", "RCPT TO:<root>", "RCPT TO:<nobody@>", "DATA", f"From: a@b.example\nX-Token: {name}\n\n..dot\nx", ".", "NOOP", "QUIT"]
    done = place.run("-bs", text="\n".join(lines) + "\n", user="www-data")
    codes = [line[:3] for line in done.stdout.decode().splitlines() if line[3:4] == " "]
    assert codes == ["220", "250", "250", "250", "501", "354", "250", "250", "221"] or codes[4][0] == "5", done.stdout
    assert upstream.one_with(name).endswith(b"\r\n\r\n.dot\r\nx\r\n")


def test_a_dialogue_that_ends_inside_a_message(place, relay):
    lines = "EHLO me\nMAIL FROM:<www-data>\nRCPT TO:<root>\nDATA\nFrom: a@b.example\n\nx\n"
    done = place.run("-bs", text=lines, user="www-data", expect=DATA)
    assert b"was not taken" in done.stderr


def test_smtp_library_over_bs(place, relay, upstream):
    """A real client that speaks to the process."""
    name = token()
    done = subprocess.run(["swaks", "--pipe", f"{place.sendmail} --config {place.config} -bs", "--to", "user@example.net", "--from", "a@b.example",
                           "--header", f"X-Token: {name}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=30)
    assert done.returncode == 0, done.stdout
    upstream.one_with(name)


def test_what_would_be_taken(place, relay):
    done = place.run("-bv", "user@example.net", "root")
    assert b"user@example.net... would be taken" in done.stdout and b"root... would be taken" in done.stdout
    relay.cli("suppress", "add", "never@example.net", expect=None)
    done = place.run("-bv", "never@example.net", "user@example.net", expect=NO_USER)
    assert b"never@example.net... 550" in done.stdout and b"user@example.net... would be taken" in done.stdout


def test_names_of_the_family(place, relay, tmp_path):
    """mailq, newaliases and -q go to the daemon that the configuration names."""
    def call(program, *arguments, expect=0):
        done = subprocess.run([os.path.join(place.folder, program), "--config", relay.config_path, *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
        assert done.returncode == expect, done.stderr
        return done.stdout.decode()
    relay.configure(accounts={"local": {"mode": "hold"}})
    relay.cli("reload")
    try:
        queue_id = queued(place.run("-t", "-v", text=mail(token())))
        for listed in (call("mailq"), call("sendmail", "-bp")):
            lines = listed.splitlines()
            assert lines[0].startswith("-Queue ID-") and re.fullmatch(r"-- \d+ Kbytes in 1 Request\.", lines[-1])
            assert re.fullmatch(queue_id + r"! +\d+ \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d  root@localhost", lines[1]), lines[1]
            assert lines[-3].split() == ["user@example.net"] or lines[-2].split() == ["user@example.net"]
        assert "due now" in call("sendmail", "-q")
        with open(relay.path("aliases"), "a") as f:
            f.write("new@mail.example.com: new@corp.example\n")
        call("newaliases")
        assert recipients(relay, queued(place.run("-v", "new", text="x\n"))) == ["new@corp.example"]
    finally:
        relay.configure(accounts={"local": {"mode": "live"}})
        relay.cli("reload")
        relay.cli("queue", "release", "--account", "local")
    relay.wait_queue_empty()
    assert call("mailq") == "Mail queue is empty\n"


def test_help(place):
    done = place.run("--help")
    assert b"-bs" in done.stdout


# -- the daemon is down


def test_nothing_is_lost_while_the_daemon_is_down(place, relay, upstream):
    held = os.stat(place.maildrop)
    assert stat.S_IMODE(held.st_mode) == 0o3733
    relay.stop()
    names = {user: token() for user in ("root", "nobody", "www-data")}
    for user, name in names.items():
        done = place.run("-t", "-v", text=mail(name), user=user)
        assert b"maildrop" in done.stdout
    files = place.dropped()
    assert len(files) == 3
    for file in files:
        found = os.stat(os.path.join(place.maildrop, file))
        assert stat.S_IMODE(found.st_mode) == 0o640 and found.st_gid == held.st_gid
    assert subprocess.run(["ls", place.maildrop], **local_mail.as_user("nobody"), capture_output=True).returncode != 0
    assert subprocess.run(["cat", os.path.join(place.maildrop, files[0])], **local_mail.as_user("nobody"), capture_output=True).returncode != 0
    relay.start()
    for user, name in names.items():
        assert f"(userid {local_mail.uid(user)})" in parsed(upstream, name)["Received"]
    until(lambda: place.dropped() == [], lambda: place.dropped())
    # While it runs, too: it may have been away for a moment.
    relay.kill()
    name = token()
    place.run("-t", text=mail(name))
    relay.start()
    upstream.one_with(name)


def test_smtp_on_standard_input_without_a_daemon(place, relay):
    relay.stop()
    try:
        done = place.run("-bs", text="EHLO me\n", expect=TEMPORARY)
        assert done.stdout.startswith(b"421 ")
        place.run("-bv", "user@example.net", expect=TEMPORARY)
        done = subprocess.run([os.path.join(place.folder, "newaliases"), "--config", relay.config_path], capture_output=True)
        assert done.returncode == 0 and b"no daemon is running" in done.stderr
    finally:
        relay.start()


def test_without_a_maildrop_it_is_a_temporary_failure(place, tmp_path):
    config = os.path.join(place.folder, "nowhere.yaml")
    with open(config, "w") as f:
        f.write(f"local: {{ socket: {place.folder}/nobody.sock, maildrop: {place.folder}/none }}\n")
    done = place.run("--config", config, "-t", text=mail(token()), expect=TEMPORARY)
    assert b"try again" in done.stderr and b"maildrop" in done.stderr


def put(place, name, octets, user="nobody", mode="640"):
    """A file that somebody writes into the maildrop without sendmail."""
    script = f"umask 0; cat > {place.maildrop}/{name} && chmod {mode} {place.maildrop}/{name}"
    done = subprocess.run(["sh", "-c", script], input=octets, **local_mail.as_user(user), capture_output=True)
    assert done.returncode == 0, done.stderr


NO_MAIL = [
    (b"", "no end"), (b"MAIL FROM:<>\r\n", "no end"), (b"MAIL FROM:<>\r\nRCPT TO:<a@example.net>\r\nDATA\r\nFrom: a@b.example\r\n", "no end"),
    (b"\0" * 1000 + b"\r\n.\r\n", "envelope"), (b"DATA\r\nx\r\n.\r\n", "envelope"), (b"MAIL FROM:<>\r\nDATA\r\nx\r\n.\r\n", "envelope"),
    (b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.net>\r\nDATA\r\nx\r\n.\r\n", "envelope"),
    (b"MAIL FROM:<>\r\nRCPT TO:<a@@example.net>\r\nDATA\r\nx\r\n.\r\n", "a@@example.net"),
    (b"MAIL FROM:<>\r\nRCPT TO:<a@example.net>\r\nDATA\r\nFrom: a@b.example, c@d.example\r\n\r\n.\r\n", "exactly one address"),
]


def test_what_is_no_mail_is_set_aside_and_told(place, relay, upstream):
    names = {token(): case for case in NO_MAIL}
    for name, (octets, _) in names.items():
        put(place, name, octets)
    until(lambda: all(f"refused.{name}" in place.dropped() for name in names), relay.log)
    for name, (_, reason) in names.items():
        until(lambda: any(name in line and reason in line for line in relay.log().splitlines()), relay.log)
        # The operator reads of it.
        until(lambda: any(name in text(m) for m in upstream.messages() if b"the maildrop" in m), f"{name} in a mail to the operator")


def test_one_message_holds_up_no_other(place, relay, upstream):
    """What is far too large, goes on behind its end or has too many recipients is set aside; what comes after it in the folder arrives."""
    envelope = b"MAIL FROM:<>\r\nRCPT TO:<user@example.net>\r\n"
    inner, large, many, name = token(), token(), token(), token()
    put(place, "0." + large, envelope + b"DATA\r\n" + messages.plain(large) + (b"x" * 76 + b"\r\n") * 80_000 + b".\r\n")
    put(place, "1." + inner, envelope + b"DATA\r\n" + messages.plain(inner) + b"\r\n.\r\n" + b"junk\r\n" * 50 + b"\r\n.\r\n")
    put(place, "2." + many, b"MAIL FROM:<>\r\n" + b"".join(b"RCPT TO:<u%d@example.net>\r\n" % i for i in range(2000)) + b"DATA\r\n" + messages.plain(many) + b"\r\n.\r\n")
    put(place, "3." + name, envelope + b"DATA\r\n" + messages.plain(name) + b"\r\n.\r\n")
    upstream.one_with(name)
    until(lambda: {f"refused.0.{large}", f"refused.1.{inner}", f"refused.2.{many}"} <= set(place.dropped()), relay.log)
    assert not any(inner.encode() in m and b"the maildrop" not in m for m in upstream.messages())
    for file, reason in ((large, " 552 "), (inner, "final dot"), (many, "452")):
        until(lambda: any(file in line and reason in line for line in relay.log().splitlines()), relay.log)


def test_a_name_of_the_greatest_length(place, relay):
    name = token().ljust(255, "x")
    put(place, name, b"no mail")
    until(lambda: name not in place.dropped(), relay.log)


def text(message):
    return email.message_from_bytes(message, policy=email.policy.default).get_content().replace("\n", "")


def test_other_kinds_of_files_harm_nobody(place, relay, upstream):
    names = {kind: token() for kind in ("fifo", "link", "hard", "folder")}
    where = {kind: os.path.join(place.maildrop, name) for kind, name in names.items()}
    subprocess.run(["mkfifo", where["fifo"]], **local_mail.as_user("nobody"), check=True)
    subprocess.run(["ln", "-s", "/etc/shadow", where["link"]], **local_mail.as_user("nobody"), check=True)
    subprocess.run(["mkdir", where["folder"]], **local_mail.as_user("nobody"), check=True)
    foreign = os.path.join(place.folder, "foreign")
    content = "MAIL FROM:<>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nFrom: a@b.example\r\n\r\n.\r\n"
    with open(foreign, "w") as f:
        f.write(content)
    os.link(foreign, where["hard"])
    name = token()
    put(place, "0." + name, b"MAIL FROM:<>\r\nRCPT TO:<user@example.net>\r\nDATA\r\n" + messages.plain(name) + b"\r\n.\r\n")
    upstream.one_with(name)
    until(lambda: all(f"refused.{n}" in place.dropped() for n in names.values()), lambda: f"{place.dropped()}\n{relay.log()[-3000:]}")
    assert not any(b"victim@example.net" in m for m in upstream.messages())
    with open(foreign + "2", "w") as f:
        f.write(content)
    os.chown(foreign + "2", -1, grp.getgrnam("nogroup").gr_gid)
    os.rename(foreign + "2", os.path.join(place.maildrop, token()))
    until(lambda: "moved in" in relay.log(), relay.log)


def test_a_drop_that_meets_a_limit_waits(place, relay, upstream):
    """`daemon` may reach one recipient an hour, and another user's mail does not wait for it."""
    relay.stop()
    names = [token() for _ in range(3)]
    for name in names[:2]:
        place.run("-t", text=mail(name), user="daemon")
    place.run("-t", text=mail(names[2]))
    relay.start()
    upstream.one_with(names[0])
    upstream.one_with(names[2])
    until(lambda: "over its rate" in relay.log(), relay.log)
    (left,) = [f for f in place.dropped() if not f.startswith("refused.")]
    os.remove(os.path.join(place.maildrop, left))


def test_one_user_cannot_take_every_place(place, relay):
    relay.configure(limits={"connections_per_ip": 3})
    relay.cli("reload")
    held = []
    script = f"import socket,sys,time; s = [socket.socket(socket.AF_UNIX) for _ in range(4)]; [x.connect({place.socket!r}) for x in s]; " \
             "print([x.recv(100)[:3] for x in s], flush=True); sys.stdin.read()"
    try:
        hog = subprocess.Popen(["/usr/bin/python3", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/", **local_mail.as_user("nobody"))
        held.append(hog)
        greetings = hog.stdout.readline()
        assert (greetings.count(b"220"), greetings.count(b"421")) == (3, 1), greetings
        place.run("-t", text=mail(token()), user="www-data")
        assert [f for f in place.dropped() if not f.startswith("refused.")] == []
    finally:
        for hog in held:
            hog.kill()
            hog.wait()
        relay.configure(limits={"connections_per_ip": 2000})
        relay.cli("reload")


def test_without_any_configuration_of_it(make, make_for_module, upstream, binary):
    """Beside the control socket, as the account `local`."""
    relay = make.relay(upstream)
    name = token()
    done = relay.cli("sendmail", "-v", "-t", stdin=mail(name))
    assert accepted(relay, done.stdout.split()[-1])["account"] == "local"
    upstream.one_with(name)
    relay.stop()
    other = token()
    relay.cli("sendmail", "-t", stdin=mail(other))
    relay.start()
    upstream.one_with(other)


@pytest.mark.parametrize("flags,told", [([], "ops@mail.example.com"), (["-f", "ann@reader.example"], "ann@reader.example")])
def test_who_hears_of_a_failure(make, flags, told):
    """Nobody can answer root@localhost."""
    upstream = make.upstream(RCPT={"bad@example.net": "550 5.1.1 no such user"})
    relay = make.relay(upstream)
    relay.cli("sendmail", *flags, "-t", stdin=mail(token(), "bad@example.net"))
    until(lambda: [m for m in upstream.messages() if f"To: <{told}>".encode() in m or f"To: {told}".encode() in m], f"a report to {told}")


def test_two_daemons_in_one_folder(make, upstream, place):
    """Where the usual place is taken, the daemon says so and starts."""
    first = make.relay(upstream)
    second = make.relay(upstream, start=False, control=first.path("second.sock"))
    second.start()
    until(lambda: "local.socket" in second.log(), second.log)
    first.cli("sendmail", "-t", stdin=mail(token()))


def test_a_flood_of_drops(place, relay, upstream):
    """More than one round holds none back, and a retry of the daemon's own sends nothing twice."""
    relay.stop()
    names = [token() for _ in range(60)]
    for name in names:
        put(place, name, b"MAIL FROM:<>\r\nRCPT TO:<user@example.net>\r\nDATA\r\n" + messages.plain(name) + b"\r\n.\r\n", user="www-data")
    relay.start()
    for name in names:
        upstream.one_with(name)
