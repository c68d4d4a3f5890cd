#!/usr/bin/python3
"""Three real clients send through the relay to the SES sandbox, and three verifiers that are not ours judge what SES would get.

Ends with 0 only if every message arrived, is aligned, and is verified by both. `--flip` changes one octet of each message before it is
judged, so it must end with 1: the proof that the verdict means something.
"""
import argparse
import email.header
import os
import sys
import tempfile

from harness import clients, messages, verdicts
from harness.keys import Keys
from harness.relay import BINARY, DOMAIN, PASSWORD, SELECTOR, USER, Relay, token
from harness.upstreams import Sandbox
from harness.waiting import free_ports

GREEN, RED, DIM, PLAIN = ("\033[32m", "\033[31m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("",) * 4


def flip(message):
    """One bit of the first letter of the body."""
    at = message.index(b"\r\n\r\n") + 4
    return message[:at] + bytes([message[at] ^ 1]) + message[at + 1:]


def shown(message, field):
    text = verdicts.header(message).get(field, "(none)")
    return str(email.header.make_header(email.header.decode_header(text))).replace("\r\n", "")


def send(client, mode, relay, keys):
    """Sends one message; returns (its token, what was sent)."""
    mark = token()
    sent = messages.rich(mark) if client == "smtplib" else messages.plain(mark)
    clients.send(client, getattr(relay, mode), mode, "PLAIN", sent, keys)
    return mark, sent


def judge(title, sent, received, keys):
    """Prints one message before and after; True when nothing can be held against it."""
    says = verdicts.verdicts(received, keys)
    found = [f for f in verdicts.shortcomings(received, keys) if not f.endswith("says no")]
    print(f"\n{title}")
    print(f"  Subject       {shown(received, 'Subject')}")
    print(f"  From before   {shown(sent, 'From')}")
    print(f"  From after    {shown(received, 'From')}")
    print(f"  Reply-To      {shown(received, 'Reply-To')}")
    for name, good in says.items():
        print(f"  {name:<13} {GREEN + 'verified' if good else RED + 'NOT VERIFIED'}{PLAIN}  {DIM}d={DOMAIN} s={SELECTOR}{PLAIN}")
    for shortcoming in found:
        print(f"  {RED}{shortcoming}{PLAIN}")
    return not found and all(says.values())


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--flip", action="store_true", help="change one octet before judging; must fail")
    given = options.parse_args()
    if not os.access(BINARY, os.X_OK):
        sys.exit(f"no {BINARY}: run `make build`")
    with tempfile.TemporaryDirectory(prefix="fairlead-demo-") as folder:
        keys = Keys(os.path.join(folder, "keys"))
        os.mkdir(os.path.join(folder, "sandbox"))
        sandbox = relay = None
        try:
            sandbox = Sandbox(BINARY, os.path.join(folder, "sandbox"), keys, free_ports(1)[0])
            relay = Relay(os.path.join(folder, "relay"), keys, sandbox.port).start()
            print(f"relay on localhost:{relay.starttls} (STARTTLS) and localhost:{relay.implicit} (TLS), account {USER} / {PASSWORD}")
            print(f"SES sandbox on localhost:{sandbox.port}, which accepts senders in {DOMAIN} only")
            good = True
            for title, client, mode in (("swaks, port 587 style", "swaks", "starttls"), ("Python, HTML and attachment, port 465 style", "smtplib", "implicit"),
                                        ("curl, port 465 style", "curl", "implicit")):
                mark, sent = send(client, mode, relay, keys)
                received = sandbox.one_with(mark)
                good = judge(title, sent, flip(received) if given.flip else received, keys) and good
            relay.wait_queue_empty()
        finally:
            if relay:
                relay.stop()
            if sandbox:
                sandbox.stop()
    print(f"\n{GREEN}all three messages are what SES and its receivers want{PLAIN}" if good else f"\n{RED}something is wrong{PLAIN}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"\n{RED}{error}{PLAIN}")
