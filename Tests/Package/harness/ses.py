"""Amazon SES as a machine sees it: the sandbox under SES's own name, with a certificate of an authority that the machine trusts."""
import glob
import os
import subprocess
import time

from .debian import run
from .machine import OUTSIDE

HOST = "email-smtp.eu-west-1.amazonaws.com"
USER, PASSWORD = "AKIAIOSFODNN7EXAMPLE", "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g+8/k"
DOMAIN = "mail.example.com"


class SES:
    """Files are made at once; `start` runs it in the other network of a machine."""

    def __init__(self, binary, folder):
        self.binary, self.folder, self.process = binary, str(folder), None
        self.kept = os.path.join(self.folder, "kept")
        os.makedirs(self.kept)
        path = self._path
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        run("openssl", "req", "-x509", *key, "-days", "30", "-subj", "/CN=sandbox authority", "-keyout", path("ca.key"), "-out", path("ca.pem"))
        with open(path("extensions"), "w") as file:
            file.write(f"subjectAltName=DNS:{HOST}\nextendedKeyUsage=serverAuth\n")
        run("openssl", "req", "-new", *key, "-subj", f"/CN={HOST}", "-keyout", path("server.key"), "-out", path("request"))
        run("openssl", "x509", "-req", "-in", path("request"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial",
            "-days", "30", "-extfile", path("extensions"), "-out", path("server.pem"))
        with open(path("password"), "w") as file:
            file.write(PASSWORD + "\n")
        os.chmod(path("password"), 0o600)

    def _path(self, name):
        return os.path.join(self.folder, name)

    def known_to(self, machine):
        """The machine finds SES where the sandbox is, and trusts the authority as it trusts Amazon's."""
        machine.add_host(OUTSIDE, HOST)
        with open(self._path("ca.pem")) as file:
            machine.write("/usr/local/share/ca-certificates/sandbox.crt", file.read())

    def start(self, machine, seconds=10):
        with open(self._path("log"), "w") as log:
            self.process = machine.outside(
                self.binary, "sandbox", "--listen", f"{OUTSIDE}:587", "--certificate", self._path("server.pem"), "--private-key",
                self._path("server.key"), "--user", USER, "--password-file", self._path("password"), "--identity", DOMAIN,
                "--keep", self.kept, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + seconds
        probe = ["nsenter", f"--net=/run/netns/{machine.outside_network}", "bash", "-c", f": </dev/tcp/{OUTSIDE}/587"]
        while subprocess.run(probe, stderr=subprocess.DEVNULL).returncode:
            if time.monotonic() > deadline or self.process.poll() is not None:
                with open(self._path("log")) as file:
                    raise RuntimeError(f"the sandbox does not listen\n{file.read()}")
            time.sleep(0.05)
        return self

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def messages(self):
        """What arrived, as it came in."""
        found = []
        for path in sorted(glob.glob(os.path.join(self.kept, "**", "*.raw.eml"), recursive=True)):
            with open(path, "rb") as file:
                found.append(file.read())
        return found
