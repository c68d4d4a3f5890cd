"""Throw-away keys and certificates, made by the openssl command."""
import os
import subprocess

CERTIFICATES = ("good", "wrong-name", "expired", "self-signed")


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options).stdout


class Keys:
    """A folder with a CA, server certificates of every kind, and DKIM keys.

    `ca`; `certificate(kind)` and `key(kind)` for the kinds of CERTIFICATES; `dkim_key` with `dkim_record`.
    """

    def __init__(self, folder):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.ca = self._path("ca.pem")
        self.dkim_key = self._path("dkim.pem")
        if not os.path.exists(self.dkim_key):
            self._make()
        self.dkim_record = b"v=DKIM1; k=rsa; p=" + self._public(self.dkim_key)

    def certificate(self, kind="good"):
        return self._path(kind + ".pem")

    def key(self, kind="good"):
        return self._path(kind + ".key")

    def _path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def _public(key):
        text = openssl("pkey", "-in", key, "-pubout").decode()
        return "".join(line for line in text.splitlines() if not line.startswith("-")).encode()

    def _make(self):
        old = os.umask(0o077)
        try:
            ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            openssl("req", "-x509", *ec, "-days", "30", "-subj", "/CN=test CA", "-keyout", self._path("ca.key"), "-out", self.ca)
            self._leaf("good", "localhost", "DNS:localhost,IP:127.0.0.1", ec)
            self._leaf("wrong-name", "elsewhere.example", "DNS:elsewhere.example", ec)
            self._leaf("expired", "localhost", "DNS:localhost,IP:127.0.0.1", ec, expired=True)
            openssl("req", "-x509", *ec, "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", self.key("self-signed"), "-out", self.certificate("self-signed"))
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.dkim_key)
        finally:
            os.umask(old)

    def _leaf(self, kind, name, alternatives, algorithm, expired=False):
        request, extensions = self._path(kind + ".csr"), self._path(kind + ".ext")
        with open(extensions, "w") as f:
            f.write(f"subjectAltName={alternatives}\nextendedKeyUsage=serverAuth\n")
        openssl("req", "-new", *algorithm, "-subj", f"/CN={name}", "-keyout", self.key(kind), "-out", request)
        if not expired:
            openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._path("ca.key"), "-CAcreateserial",
                    "-days", "30", "-extfile", extensions, "-out", self.certificate(kind))
            return
        # Only `openssl ca` can set the dates of a certificate.
        database = self._path("index.txt")
        open(database, "w").close()
        config = self._path("ca.conf")
        with open(config, "w") as f:
            f.write(f"[ca]\ndefault_ca = it\n[it]\ndatabase = {database}\nnew_certs_dir = {self.folder}\nrand_serial = yes\n"
                    "default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n")
        openssl("ca", "-batch", "-config", config, "-notext", "-in", request, "-cert", self.ca, "-keyfile", self._path("ca.key"),
                "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-extfile", extensions, "-out", self.certificate(kind))
