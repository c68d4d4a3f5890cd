"""Many connections that send small messages with tokens, and write down what they were promised.

The log is the client's half of the oracle: one line per message, synced before the next is sent, so that it is true whatever is killed.
"""
import hashlib
import json
import os
import smtplib
import ssl
import threading
import time

from . import clients, messages
from .relay import token


class Promise:
    """What became of one message, from the client's side: `code` is the reply to the final dot, or None when it was lost."""

    def __init__(self, token, recipient, body, code):
        self.token, self.recipient, self.body, self.code = token, recipient, body, code


class Load:
    def __init__(self, relay, keys, log, connections=20, total=2000):
        self.relay, self.keys, self.total = relay, keys, total
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.lock = threading.Lock()
        self.started, self.promises = 0, []
        self.stop = False
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(connections)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    @property
    def done(self):
        return len(self.promises)

    def join(self, seconds):
        deadline = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        alive = sum(t.is_alive() for t in self.threads)
        self.stop = True
        assert not alive, f"{alive} connections hang; {self.done} of {self.total} messages have an answer"

    def _next(self):
        with self.lock:
            if self.stop or self.started >= self.total:
                return None
            self.started += 1
            return token()

    def _write_down(self, mark, recipient, body, code):
        line = json.dumps({"at": time.time(), "token": mark, "code": code}) + "\n"
        os.write(self.log, line.encode())
        os.fdatasync(self.log)
        with self.lock:
            self.promises.append(Promise(mark, recipient, body, code))

    def _work(self):
        smtp = None
        while mark := self._next():
            recipient = f"{mark}@example.net"
            message = messages.plain(mark, to=recipient)
            body = hashlib.sha256(message.partition(b"\r\n\r\n")[2]).hexdigest()
            code = None
            while not self.stop:
                try:
                    if smtp is None:
                        smtp = clients.connect(self.relay.starttls, self.keys, timeout=20)
                except (OSError, smtplib.SMTPException, ssl.SSLError):
                    # Not there, or on its way down: nothing was promised, so the same message may be tried again.
                    smtp = None
                    time.sleep(0.05)
                    continue
                try:
                    code, _ = clients.submit(smtp, message, recipients=[recipient])
                except (OSError, smtplib.SMTPException, ssl.SSLError):
                    smtp = None     # the reply was lost, somewhere between MAIL and the final dot: 0 or 1 copies
                break
            self._write_down(mark, recipient, body, code)
        if smtp:
            smtp.close()
