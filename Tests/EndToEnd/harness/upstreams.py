"""The three upstreams: our SES sandbox, a fake that behaves as told, and a Postfix submission server.

All have `port`, `user`, `password`, `stop()`, and `messages()`: what arrived, as octets with CRLF line ends.
"""
import glob
import json
import os
import pwd
import shutil
import subprocess
import tempfile

from .processes import Process
from .waiting import port_open, until

USER, PASSWORD = "AKIAIOSFODNN7EXAMPLE", "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g+8/k"
HERE = os.path.dirname(os.path.abspath(__file__))


class Recording:
    user, password = USER, PASSWORD

    def one_with(self, token, seconds=15):
        """The octets of the one message whose X-Token is `token`, as soon as it is there."""
        wanted = f"x-token: {token}".encode()

        def there():
            return [m for m in self.messages() if wanted in m.partition(b"\r\n\r\n")[0].lower()]
        found = until(there, f"message {token} upstream, which has {len(self.messages())}", seconds)
        assert len(found) == 1, f"{len(found)} copies of {token}"
        return found[0]


class Sandbox(Recording):
    """`fairlead sandbox`. Every assumption about its command line and its files stands in this class."""

    def __init__(self, binary, folder, keys, port, rate=None, quota=None, identities=("mail.example.com",), certificate="good",
                 faults=(), sets=()):
        self.port, self.folder = port, str(folder)
        self.kept = os.path.join(self.folder, "kept")
        os.makedirs(self.kept, exist_ok=True)
        secret = os.path.join(self.folder, "password")
        with open(secret, "w") as f:
            f.write(PASSWORD + "\n")
        os.chmod(secret, 0o600)
        command = [binary, "sandbox", "--listen", f"127.0.0.1:{port}", "--certificate", keys.certificate(certificate),
                   "--private-key", keys.key(certificate), "--user", USER, "--password-file", secret, "--keep", self.kept]
        for identity in identities:
            command += ["--identity", identity]
        for fault in faults:
            command += ["--fault", fault]
        for name in sets:
            command += ["--configuration-set", name]
        if rate is not None:
            command += ["--rate", rate]
        if quota is not None:
            command += ["--quota", quota]
        self.process = Process(command, os.path.join(self.folder, "sandbox.log"))
        self.process.ready(lambda: port_open(port))

    def messages(self):
        found = []
        for path in sorted(glob.glob(os.path.join(self.kept, "**", "*.eml"), recursive=True)):
            if path.endswith(".raw.eml") or not os.path.exists(path[:-4] + ".json"):  # the envelope comes last, when all is there
                continue  # the octets as submitted; the other is what recipients would see
            with open(path, "rb") as f:
                found.append(f.read())
        return found

    def stop(self):
        self.process.stop()


class Upstream(Recording):
    """The fake upstream; see fake_upstream.py."""

    def __init__(self, folder, keys, port, certificate="good", implicit=False, keep=True, **behaviour):
        self.port, self.folder = port, str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.behave(**behaviour)
        self._command = ["/usr/bin/python3", os.path.join(HERE, "fake_upstream.py"), self.folder, "--port", port,
                         "--certificate", keys.certificate(certificate), "--key", keys.key(certificate),
                         "--user", USER, "--password", PASSWORD]
        self._command += ["--implicit"] if implicit else []
        self._command += [] if keep else ["--no-keep"]
        self.process = None
        self.start()

    def start(self):
        self.process = Process(self._command, os.path.join(self.folder, "upstream.log"))
        self.process.ready(lambda: port_open(self.port))

    def behave(self, **behaviour):
        """Replaces the whole behaviour."""
        path = os.path.join(self.folder, "behaviour.json")
        with open(path + ".new", "w") as f:
            json.dump(behaviour, f)
        os.replace(path + ".new", path)

    def events(self, *names):
        """The events so far, all or those with one of the names; the probe of our own start is not among them."""
        path = os.path.join(self.folder, "events.jsonl")
        if not os.path.exists(path):
            return []
        with open(path) as f:
            complete = [line for line in f.read().split("\n")[:-1]]
        found = [json.loads(line) for line in complete]
        return [e for e in found if not names or e["event"] in names]

    def accepted(self):
        """The messages that were answered with 250."""
        return [e for e in self.events("reply") if (e["reply"] or "").startswith("250")]

    def messages(self):
        found = []
        for event in self.accepted():
            with open(os.path.join(self.folder, event["file"]), "rb") as f:
                found.append(f.read())
        return found

    def stop(self):
        self.process.stop()


class Postfix(Recording):
    """A submission server with STARTTLS and AUTH that files everything in one Maildir. Needs root, as Postfix does."""

    @staticmethod
    def missing():
        """Why it cannot run here, or None."""
        if os.getuid() != 0:
            return "Postfix's master needs root"
        if not shutil.which("postfix", path="/usr/sbin"):
            return "postfix is not installed"
        return None

    def __init__(self, keys, port):
        self.port = port
        self.folder = tempfile.mkdtemp(prefix="fairlead-postfix-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        try:
            self._configure(keys)
            self._postfix("start")
            until(lambda: port_open(port), self.log)
        except BaseException:
            self.stop()
            raise

    def _configure(self, keys):
        for name in ("etc/sasl", "spool", "data", "mail", "tls"):
            os.makedirs(os.path.join(self.folder, name))
        mail_owner, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        os.chown(os.path.join(self.folder, "data"), mail_owner.pw_uid, mail_owner.pw_gid)
        os.chown(os.path.join(self.folder, "mail"), nobody.pw_uid, nobody.pw_gid)
        for source, name in ((keys.certificate(), "cert.pem"), (keys.key(), "key.pem")):
            shutil.copy(source, os.path.join(self.folder, "tls", name))
        # Debian's Postfix looks for the SASL configuration below its own configuration directory.
        sasldb = os.path.join(self.folder, "etc/sasl/sasldb2")
        with open(os.path.join(self.folder, "etc/sasl/smtpd.conf"), "w") as f:
            f.write(f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\nsasldb_path: {sasldb}\n")
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", sasldb, "-u", "upstream.example", USER], input=PASSWORD.encode(), check=True)
        os.chown(sasldb, mail_owner.pw_uid, mail_owner.pw_gid)
        with open(os.path.join(self.folder, "etc/master.cf"), "w") as f:
            f.write(f"""127.0.0.1:{self.port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
error unix - - n - - error
anvil unix - - n - 1 anvil
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
""")
        with open(os.path.join(self.folder, "etc/main.cf"), "w") as f:
            f.write(f"""compatibility_level = 3.6
queue_directory = {self.folder}/spool
data_directory = {self.folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = {self.folder}/log
maillog_file_prefixes = {self.folder}
myhostname = upstream.example
mydestination =
local_transport = error:no local delivery
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
message_size_limit = 50000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {self.folder}/tls/cert.pem
smtpd_tls_key_file = {self.folder}/tls/key.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = upstream.example
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
virtual_transport = virtual
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:box/
virtual_mailbox_base = {self.folder}/mail
virtual_uid_maps = static:{nobody.pw_uid}
virtual_gid_maps = static:{nobody.pw_gid}
""")

    def _postfix(self, verb):
        return subprocess.run(["/usr/sbin/postfix", "-c", os.path.join(self.folder, "etc"), verb], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)

    def log(self):
        path = os.path.join(self.folder, "log")
        return open(path, errors="replace").read() if os.path.exists(path) else "(no log)"

    def messages(self):
        found = []
        for path in sorted(glob.glob(os.path.join(self.folder, "mail/box/new/*"))):
            with open(path, "rb") as f:
                text = f.read().replace(b"\n", b"\r\n")
            # Filing a message adds these two on top.
            lines = text.split(b"\r\n")
            while lines[0].lower().startswith((b"return-path:", b"delivered-to:", b"x-original-to:")):
                lines.pop(0)
            found.append(b"\r\n".join(lines))
        return found

    def stop(self):
        self._postfix("stop")
        shutil.rmtree(self.folder, ignore_errors=True)
