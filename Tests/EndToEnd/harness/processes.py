"""Processes that end by their own id, and leave their output in a file."""
import os
import resource
import signal
import subprocess

from .waiting import until


def _more_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Process:
    """A child with its standard error (and output) in `log`."""

    def __init__(self, command, log, env=None):
        self.command = [str(part) for part in command]
        self.log_path = log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                          env={**os.environ, **(env or {})}, preexec_fn=_more_descriptors)

    @property
    def pid(self):
        return self.child.pid

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def running(self):
        return self.child.poll() is None

    def ready(self, condition, seconds=15):
        """Waits for condition(); a child that ends before that is reported with its output."""
        def check():
            if not self.running():
                raise AssertionError(f"{self.command[0]} ended with {self.child.returncode}:\n{self.log()}")
            return condition()
        until(check, lambda: f"{self.command[:3]} ready; it says:\n{self.log()}", seconds)

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, seconds=30):
        return self.child.wait(seconds)

    def kill(self):
        if self.running():
            self.child.kill()
        self.child.wait()

    def stop(self, seconds=30):
        """SIGTERM, then SIGKILL; returns the exit status."""
        if self.running():
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
        return self.child.wait()

    def status(self, field):
        """A number of /proc/PID/status: VmRSS and VmHWM in octets, Threads as it is."""
        with open(f"/proc/{self.pid}/status") as f:
            for line in f:
                if line.startswith(field + ":"):
                    number = int(line.split()[1])
                    return number * 1024 if line.rstrip().endswith("kB") else number
        raise KeyError(field)
