"""One machine: its own files, processes, network and systemd, and a line to another network, where the upstream is."""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

from .debian import run

# Two networks that exist only here; these addresses are for documentation and lead nowhere.
INSIDE, OUTSIDE = "192.0.2.1", "192.0.2.10"
BOOT = r"""
set -e
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$FOLDER/upper,workdir=$FOLDER/work" "$FOLDER/root"
cd "$FOLDER/root"
mount -t proc proc proc
# Settings of the kernel are the host's as well.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ip link set lo up
exec chroot . /usr/bin/env -i container=fairlead PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=null --show-status=0
"""
# Of the kernel, or of hardware that is not there.
MASKED = ["sys-kernel-debug.mount", "sys-kernel-tracing.mount", "dev-hugepages.mount", "systemd-modules-load.service",
          "systemd-sysctl.service", "systemd-remount-fs.service", "getty.target", "console-getty.service",
          "systemd-logind.service", "systemd-networkd.service", "apt-daily.timer", "apt-daily-upgrade.timer"]


class Machine:
    """A booted machine, until `halt`. Its network has no way out but to OUTSIDE, where `outside` programs run."""

    def __init__(self, base, folder, name="relay.example.com"):
        self.folder = str(folder)
        self.root = os.path.join(self.folder, "root")
        self.outside_network, self.inside_network = f"fl{os.getpid()}-out", f"fl{os.getpid()}-in"
        self.cgroup = None
        self.process, self.pid = None, None
        for part in ("root", "upper", "work"):
            os.makedirs(os.path.join(self.folder, part))
        self.base = base
        upper = os.path.join(self.folder, "upper")
        self._write(upper, "etc/hostname", name.split(".")[0] + "\n")
        self._write(upper, "etc/hosts", f"127.0.0.1 localhost\n{INSIDE} {name} {name.split('.')[0]}\n")
        self._write(upper, "etc/resolv.conf", "")
        for unit in MASKED:
            path = os.path.join(upper, "etc/systemd/system", unit)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink("/dev/null", path)

    # -- files

    @staticmethod
    def _write(top, path, text, mode="w"):
        path = os.path.join(top, path.lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, mode) as file:
            file.write(text)

    def write(self, path, text, append=False):
        """Before the boot, or while it runs."""
        if self.pid is None:
            return self._write(os.path.join(self.folder, "upper"), path, text, "a" if append else "w")
        return self._write(f"/proc/{self.pid}/root", path, text, "a" if append else "w")

    def add_host(self, address, name):
        if self.pid is None:
            self._write(os.path.join(self.folder, "upper"), "etc/hosts", f"{address} {name}\n", "a")
        else:
            self.write("/etc/hosts", f"{address} {name}\n", append=True)

    def copy(self, source, target):
        path = os.path.join(f"/proc/{self.pid}/root", target.lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(source, path)

    # -- life

    def boot(self):
        run("ip", "netns", "add", self.outside_network)
        run("ip", "netns", "add", self.inside_network)
        inside = ["ip", "-n", self.inside_network]
        outside = ["ip", "-n", self.outside_network]
        run(*inside, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self.outside_network)
        run(*inside, "addr", "add", f"{INSIDE}/24", "dev", "eth0")
        run(*outside, "addr", "add", f"{OUTSIDE}/24", "dev", "eth0")
        for side in (inside, outside):
            run(*side, "link", "set", "eth0", "up")
            run(*side, "link", "set", "lo", "up")
        script = BOOT
        self.cgroup = self._make_cgroup()
        enter = f"echo $$ >{self.cgroup}/cgroup.procs; " if self.cgroup else ""
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", enter + 'exec nsenter --net="/run/netns/$NETWORK" unshare --mount --pid --uts --ipc --cgroup --fork '
             '--kill-child /bin/sh -c "$BOOT"'],
            env={"PATH": os.environ["PATH"], "BOOT": script, "LOWER": self.base, "FOLDER": self.folder, "NETWORK": self.inside_network},
            stdin=subprocess.DEVNULL, stdout=open(os.path.join(self.folder, "boot.log"), "w"), stderr=subprocess.STDOUT,
            start_new_session=True)
        self.pid = self.until(self._first_process, "a first process")
        self.until(lambda: self.run("systemctl is-system-running", check=False).stdout.strip() in ("running", "degraded"), "a running system")
        return self

    def _make_cgroup(self):
        """systemd wants a cgroup of its own to divide; where version 2 lies depends on the host."""
        for top in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
            if os.path.exists(os.path.join(top, "cgroup.procs")):
                path = os.path.join(top, f"fairlead-{os.getpid()}-{id(self):x}")
                os.mkdir(path)
                return path
        return None

    def _first_process(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.folder, "boot.log")) as file:
                raise RuntimeError(f"the machine did not boot\n{file.read()}")
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
                child = file.read().split()
            with open(f"/proc/{child[0]}/comm") as file:
                return int(child[0]) if file.read().strip() == "systemd" else None
        except (OSError, IndexError):
            return None

    @staticmethod
    def until(condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {seconds} s: {what}")
            time.sleep(0.1)

    def halt(self):
        if self.process:
            if self.pid:
                # The first process of a namespace takes all others with it.
                try:
                    os.kill(self.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.kill()
            self.process.wait()
        for network in (self.inside_network, self.outside_network):
            subprocess.run(["ip", "netns", "del", network], stderr=subprocess.DEVNULL)
        if self.cgroup:
            self.until(self._remove_cgroup, "the end of all processes", 10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _remove_cgroup(self):
        """Not before the last process is gone."""
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                return False
        return True

    # -- commands

    def command(self, text):
        """The words that run a shell line inside, as root, as a login would."""
        return ["nsenter", "-t", str(self.pid), "--all", "--root", "--wd", "/usr/bin/env", "-i", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "/bin/bash", "-c", "cd /root && " + text]

    def run(self, text, check=True, stdin=None, timeout=120):
        done = subprocess.run(self.command(text), input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        if check and done.returncode:
            raise AssertionError(f"{text}: exit status {done.returncode}\n{done.stdout[-3000:]}")
        return done

    def terminal(self, text, answer, seconds=120):
        """Runs it on a terminal; `answer(what is on the last line)` is typed, or None. Returns what was seen and the exit status."""
        pid, descriptor = pty.fork()
        if pid == 0:
            words = self.command(text)
            os.execvp(words[0], words)
        seen, answered = "", 0
        deadline = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([descriptor], [], [], 0.2)
            if ready:
                try:
                    octets = os.read(descriptor, 65536)
                except OSError:
                    break
                if not octets:
                    break
                seen += octets.decode(errors="replace")
                continue
            # Nothing came for a moment, so a line without its end is a question.
            question = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen[answered:]).rsplit("\n", 1)[-1].strip()
            typed = answer(question) if question else None
            if typed is not None:
                answered = len(seen)
                os.write(descriptor, (typed + "\n").encode())
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                break
        os.close(descriptor)
        return seen.replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def outside(self, *command, **options):
        """Starts a program of the host in the other network."""
        return subprocess.Popen(["nsenter", f"--net=/run/netns/{self.outside_network}", *map(str, command)], stdin=subprocess.DEVNULL, **options)
