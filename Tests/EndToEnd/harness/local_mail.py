"""Programs of this host as users see them: a folder that everybody may enter, sendmail under its names, and what callers are given."""
import os
import pwd
import shutil
import subprocess
import tempfile

from .relay import BINARY

USERS = ("nobody", "www-data", "daemon")


class Place:
    """Where a relay's socket and maildrop lie so that other users reach them, with links as a package would make them.

    The relay's own folder is closed to others; its users are told in a configuration of their own where to go.
    """

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="fairlead-local-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        self.config = os.path.join(self.folder, "fairlead.yaml")
        self.socket, self.maildrop = os.path.join(self.folder, "submit.sock"), os.path.join(self.folder, "maildrop")
        with open(self.config, "w") as f:
            f.write(f"hostname: web1.example.com\nlocal: {{ socket: {self.socket}, maildrop: {self.maildrop} }}\n")
        binary = os.path.join(self.folder, "fairlead")
        try:
            os.link(BINARY, binary)
        except OSError:
            shutil.copy(BINARY, binary)
        for name in ("sendmail", "mailq", "newaliases"):
            os.symlink("fairlead", os.path.join(self.folder, name))
        self.binary, self.sendmail = binary, os.path.join(self.folder, "sendmail")

    def settings(self, **more):
        return {"local": {"socket": self.socket, "maildrop": self.maildrop, **more}}

    def run(self, *arguments, text="", user=None, program=None, expect=0, timeout=30, env=None):
        """sendmail ARGUMENTS with `text` on its input, as `user`; `expect` is the exit status, or None for any."""
        command = [program or self.sendmail, "--config", self.config, *map(str, arguments)]
        done = subprocess.run(command, input=text if isinstance(text, bytes) else text.encode(), timeout=timeout, cwd="/",
                              env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", **(env or {})}, **as_user(user),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if expect is not None:
            assert done.returncode == expect, f"{command} ended with {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr}"
        return done

    def dropped(self):
        """What waits in the maildrop: whole messages, refused ones, and what is still being written."""
        return sorted(os.listdir(self.maildrop)) if os.path.isdir(self.maildrop) else []

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def as_user(name):
    """For subprocess: this user, no groups but the user's own."""
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def uid(name):
    return pwd.getpwnam(name).pw_uid


class Host:
    """A view of this machine on which our binary is /usr/sbin/sendmail and the daemon's socket where a package puts it.

    It is a mount namespace of each process's own, so that nothing outside sees it.
    """

    MOUNTS = """set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir /run/fairlead
mount --bind "$PLACE" /run/fairlead
mount --bind "$PLACE/fairlead" /usr/sbin/sendmail
"""

    def __init__(self, place):
        self.place = place

    @staticmethod
    def missing():
        """Why there can be none here, or None."""
        if os.getuid() != 0:
            return "mounts need root"
        if not os.path.exists("/usr/sbin/sendmail"):
            return "no /usr/sbin/sendmail to stand in for"
        done = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/run"], capture_output=True)
        return None if done.returncode == 0 else "this machine allows no mount namespace"

    def command(self, command, user=None, more=""):
        """The words that run `command` there."""
        change = []
        if user:
            entry = pwd.getpwnam(user)
            change = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--no-new-privs"]
        script = self.MOUNTS.replace("$PLACE", self.place.folder) + more + 'exec "$@"\n'
        return ["unshare", "-m", "sh", "-c", script, "sh", *change, *map(str, command)]

    def run(self, command, user=None, text="", more="", timeout=60, env=None, folder="/"):
        return subprocess.run(self.command(command, user, more), input=text.encode(), timeout=timeout, cwd=folder,
                              env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/nonexistent", **(env or {})},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
