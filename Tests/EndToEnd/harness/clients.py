"""Four clients that are not ours. Each sends `message` and returns the text of its conversation; AssertionError when it failed."""
import os
import smtplib
import ssl
import subprocess
import tempfile

from .relay import PASSWORD, USER

CLIENTS = ("swaks", "curl", "msmtp", "smtplib")
MODES = ("starttls", "implicit")
MECHANISMS = ("PLAIN", "LOGIN")


def send(client, port, mode, mechanism, message, keys, sender="crm@app.example", recipients=("user@example.net",), user=USER,
         password=PASSWORD):
    return _CLIENTS[client](port, mode, mechanism, message, keys, sender, recipients, user, password)


def trusting(keys):
    return ssl.create_default_context(cafile=keys.ca)


def connect(port, keys, mode="starttls", user=USER, password=PASSWORD, timeout=30, source=None):
    """An smtplib connection, logged in unless `user` is None."""
    if mode == "implicit":
        smtp = smtplib.SMTP_SSL("localhost", port, "client.example", timeout=timeout, context=trusting(keys), source_address=source)
    else:
        smtp = smtplib.SMTP("localhost", port, "client.example", timeout=timeout, source_address=source)
        smtp.starttls(context=trusting(keys))
    smtp.ehlo("client.example")
    if user is not None:
        smtp.user, smtp.password = user, password
        smtp.auth("PLAIN", smtp.auth_plain)
    return smtp


def submit(smtp, message, sender="crm@app.example", recipients=("user@example.net",)):
    """The whole transaction with strict CRLF; returns (code, text) of the reply to the final dot, or of the first refusal."""
    for command in [f"MAIL FROM:<{sender}>"] + [f"RCPT TO:<{r}>" for r in recipients]:
        code, text = smtp.docmd(command)
        if code // 100 != 2:
            smtp.rset()
            return code, text.decode(errors="replace")
    code, text = smtp.docmd("DATA")
    if code != 354:
        return code, text.decode(errors="replace")
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    smtp.send(stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"))
    code, text = smtp.getreply()
    return code, text.decode(errors="replace")


def _run(command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True,
                          errors="replace", **options)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def _file(folder, message, line_end):
    path = os.path.join(folder, "message")
    with open(path, "wb") as f:
        f.write(message.replace(b"\r\n", line_end))
    return path


def _swaks(port, mode, mechanism, message, keys, sender, recipients, user, password):
    with tempfile.TemporaryDirectory() as folder:
        return _run(["swaks", "--server", "localhost", "--port", port, "--tls" if mode == "starttls" else "--tls-on-connect",
                     "--tls-verify", "--tls-ca-path", keys.ca, "--auth", mechanism, "--auth-user", user, "--auth-password", password,
                     "--auth-hide-password", "--helo", "swaks.example", "--from", sender, "--to", ",".join(recipients),
                     "--data", "@" + _file(folder, message, b"\n")], stdin=subprocess.DEVNULL)


def _curl(port, mode, mechanism, message, keys, sender, recipients, user, password):
    with tempfile.TemporaryDirectory() as folder:
        scheme, needed = ("smtp", ["--ssl-reqd"]) if mode == "starttls" else ("smtps", [])
        to = [word for r in recipients for word in ("--mail-rcpt", r)]
        return _run(["curl", "-sSv", f"{scheme}://localhost:{port}/curl.example", *needed, "--cacert", keys.ca, "--user", f"{user}:{password}",
                     "--login-options", f"AUTH={mechanism}", "--mail-from", sender, *to,
                     "--upload-file", _file(folder, message, b"\r\n")], stdin=subprocess.DEVNULL)


def _msmtp(port, mode, mechanism, message, keys, sender, recipients, user, password):
    with tempfile.TemporaryDirectory() as folder:
        secret = os.path.join(folder, "password")
        with open(secret, "w") as f:
            f.write(password + "\n")
        with open(_file(folder, message, b"\n"), "rb") as text:
            return _run(["msmtp", "--file=/dev/null", "--host=localhost", f"--port={port}", "--tls=on",
                         f"--tls-starttls={'on' if mode == 'starttls' else 'off'}", f"--tls-trust-file={keys.ca}",
                         f"--auth={mechanism.lower()}", f"--user={user}", f"--passwordeval=cat {secret}", "--domain=msmtp.example",
                         "--debug", f"--from={sender}", "--", *recipients], stdin=text)


def _smtplib(port, mode, mechanism, message, keys, sender, recipients, user, password):
    smtp = connect(port, keys, mode, user=None)
    smtp.user, smtp.password = user, password
    smtp.auth(mechanism, smtp.auth_plain if mechanism == "PLAIN" else smtp.auth_login)
    code, text = submit(smtp, message, sender, recipients)
    smtp.quit()
    assert code == 250, f"{code} {text}"
    return text


_CLIENTS = {"swaks": _swaks, "curl": _curl, "msmtp": _msmtp, "smtplib": _smtplib}
