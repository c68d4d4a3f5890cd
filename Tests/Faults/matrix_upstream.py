#!/usr/bin/python3
"""The fake upstream of the end-to-end tests with one more key:

    hang   recipients: the final dot of their mail is never answered

The event `whole` has the hash of all octets that a message came with.
"""
import asyncio
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "EndToEnd"))

from harness import fake_upstream  # noqa: E402


class Handler(fake_upstream.Handler):
    async def handle_DATA(self, server, session, envelope):
        if set(envelope.rcpt_tos) & set(self.script.behaviour.get("hang", [])):
            self.script.record("hang", rcpts=envelope.rcpt_tos)
            await asyncio.sleep(3600)
        content = envelope.original_content
        token = re.search(rb"(?im)^X-Token:[ \t]*(\S+)", content)
        self.script.record("whole", token=token and token[1].decode(), hash=hashlib.sha256(content).hexdigest(), rcpts=envelope.rcpt_tos)
        return await super().handle_DATA(server, session, envelope)


fake_upstream.Handler = Handler
if __name__ == "__main__":
    fake_upstream.main()
