"""The clean Debian that machines start from, made once by debootstrap and kept in .build/deb."""
import hashlib
import os
import shutil
import subprocess

SUITE = "bookworm"
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout[-2000:]}")
    return done.stdout


def field(package, name):
    return run("dpkg-deb", "-f", package, name).strip()


def clean_debian(folder, package):
    """The folder with a minimal Debian and systemd. What `package` depends on lies in apt's cache, since the machines have no network."""
    depends = field(package, "Depends")
    names = [word.strip().split()[0] for word in depends.split(",")]
    base = os.path.join(folder, f"{SUITE}-{hashlib.sha256(depends.encode()).hexdigest()[:12]}")
    if os.path.isdir(base):
        return base
    making = base + ".new"
    shutil.rmtree(making, ignore_errors=True)
    run("debootstrap", "--variant=minbase", "--include=systemd-sysv", SUITE, making, MIRROR)
    shutil.copy("/etc/resolv.conf", os.path.join(making, "etc/resolv.conf"))
    run("chroot", making, "apt-get", "-q", "update")
    # A whole Debian archive has no `_apt`-readable problem here; downloads only, nothing is installed.
    run("chroot", making, "apt-get", "-q", "-y", "-o", "APT::Keep-Downloaded-Packages=true", "--download-only",
        "--no-install-recommends", "install", *names)
    os.rename(making, base)
    return base
