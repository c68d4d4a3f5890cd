"""axe-core, the accessibility checker, out of a Python wheel: Debian has no package of it."""
import hashlib
import os
import subprocess
import sys
import zipfile

from .relay import REPOSITORY

WHEEL = "axe_core_python-0.1.0-py3-none-any.whl"
DIGEST = "f99f6bd674726c631c5e20b876983b44dff2b8f452a0ccf08f3c23ee45d0aac3"


def source():
    """The script, or None where it cannot be had."""
    folder = os.path.join(REPOSITORY, ".build", "axe")
    path = os.path.join(folder, WHEEL)
    if not os.path.exists(path):
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", folder, "axe-core-python==0.1.0"]
        try:
            subprocess.run(command, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
    with open(path, "rb") as f:
        assert hashlib.sha256(f.read()).hexdigest() == DIGEST, f"{path} is not the one that we know"
    with zipfile.ZipFile(path) as wheel:
        return wheel.read(next(n for n in wheel.namelist() if n.endswith("axe.min.js"))).decode()
