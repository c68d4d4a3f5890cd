#!/usr/bin/python3
"""An upstream that behaves as it is told: STARTTLS, AUTH, replies from a map, faults on demand.

Runs as a process of its own (see Upstream in upstreams.py). Reads `behaviour.json` anew before each decision, and appends one JSON
line per event to `events.jsonl`:

    {"at": 1.5, "event": "connect" | "tls" | "ehlo" | "auth" | "mail" | "rcpt" | "dot" | "reply", ...}

Behaviour, all keys optional:

    AUTH, MAIL, DOT   the reply to give instead of the good one
    RCPT              {address: reply}
    starttls          false: not offered
    drop_after_dot    how many times to close the connection after the final dot, without a reply
    delay_dot         seconds to wait before the reply to the final dot
"""
import argparse
import asyncio
import hashlib
import json
import os
import re
import ssl
import time

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Script:
    """The behaviour file and the record of events."""

    def __init__(self, folder):
        self.folder = folder
        self.behaviour_path = os.path.join(folder, "behaviour.json")
        self.events = open(os.path.join(folder, "events.jsonl"), "a", buffering=1)
        self.stamp, self.known = None, {}
        self.dropped = 0
        self.count = 0

    @property
    def behaviour(self):
        try:
            stamp = os.stat(self.behaviour_path).st_mtime_ns
        except FileNotFoundError:
            return self.known
        if stamp != self.stamp:
            with open(self.behaviour_path) as f:
                self.stamp, self.known = stamp, json.load(f)
            self.dropped = 0
        return self.known

    def record(self, event, **fields):
        self.events.write(json.dumps({"at": time.time(), "event": event, **fields}) + "\n")


class Handler:
    def __init__(self, script, keep):
        self.script, self.keep = script, keep

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.script.record("ehlo", name=hostname)
        offered = [line for line in responses if not re.match(r"250.(HELP|SIZE|SMTPUTF8)", line)]
        return offered + ["250 Ok"]

    def handle_STARTTLS(self, server, session, envelope):
        self.script.record("tls")
        return True

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = self.script.behaviour.get("MAIL", "250 Ok")
        self.script.record("mail", address=address, options=options, reply=reply)
        if reply.startswith("2"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = self.script.behaviour.get("RCPT", {}).get(address, "250 Ok")
        self.script.record("rcpt", address=address, reply=reply)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):
        behaviour, script = self.script.behaviour, self.script
        content = envelope.original_content
        head, _, body = content.partition(b"\r\n\r\n")
        token = re.search(rb"(?im)^X-Token:[ \t]*(\S+)", head)
        script.count += 1
        name = f"{script.count:06}.eml"
        facts = {"token": token and token[1].decode(), "mail_from": envelope.mail_from, "rcpts": envelope.rcpt_tos, "size": len(content),
                 "body": hashlib.sha256(body).hexdigest(), "file": name if self.keep else None,
                 "since": server.since}
        if self.keep:
            with open(os.path.join(script.folder, name), "wb") as f:
                f.write(content)
        script.record("dot", **facts)
        if behaviour.get("delay_dot"):
            await asyncio.sleep(behaviour["delay_dot"])
        if script.dropped < behaviour.get("drop_after_dot", 0):
            script.dropped += 1
            script.record("reply", **facts, reply=None)
            server.transport.abort()
            return "421 gone"
        reply = behaviour.get("DOT", f"250 Ok 0102018f{script.count:08x}-fake-000000")
        script.record("reply", **facts, reply=reply)
        return reply


class Server(SMTP):
    def connection_made(self, transport):
        if self.transport is None:
            self.since = time.time()
            self.script.record("connect")
        super().connection_made(transport)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder")
    for name in ("port", "certificate", "key", "user", "password"):
        options.add_argument("--" + name, required=True)
    options.add_argument("--implicit", action="store_true")
    options.add_argument("--no-keep", dest="keep", action="store_false")
    given = options.parse_args()

    script = Script(given.folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(given.certificate, given.key)

    def authenticate(server, session, envelope, mechanism, data):
        reply = script.behaviour.get("AUTH")
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (given.user.encode(), given.password.encode())
        script.record("auth", mechanism=mechanism, good=good, reply=reply)
        if reply:
            return AuthResult(success=reply.startswith("2"), handled=False, message=reply)
        refusal = "535 Authentication Credentials Invalid"
        return AuthResult(success=good, handled=False, message="235 Authentication successful." if good else refusal)

    handler = Handler(script, given.keep)

    def protocol():
        offered = context if script.behaviour.get("starttls", True) and not given.implicit else None
        server = Server(handler, hostname="email-smtp.amazonaws.com", ident="ESMTP SimpleEmailService-d-FAKE", data_size_limit=50_000_000,
                        tls_context=offered, require_starttls=offered is not None, auth_required=True,
                        auth_require_tls=not given.implicit, authenticator=authenticate, timeout=120)
        server.script = script
        return server

    async def serve():
        listener = await asyncio.get_running_loop().create_server(
            protocol, "127.0.0.1", int(given.port), ssl=context if given.implicit else None, backlog=512)
        await listener.serve_forever()

    import logging
    import warnings
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    asyncio.run(serve())


if __name__ == "__main__":
    main()
