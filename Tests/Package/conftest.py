"""One machine of the package for all tests, in the order of the file: install, use, upgrade, remove, purge."""
import glob
import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.debian import clean_debian, run
from harness.machine import Machine
from harness.readme import REPOSITORY
from harness.ses import SES

BUILD = os.path.join(REPOSITORY, ".build/deb")


@pytest.fixture(scope="session")
def package():
    """The package under test: FAIRLEAD_DEB, else the newest that `make deb` made."""
    given = os.environ.get("FAIRLEAD_DEB")
    found = [given] if given else sorted(glob.glob(os.path.join(BUILD, "fairlead_*.deb")), key=os.path.getmtime)
    if not found:
        pytest.fail(f"no package in {BUILD}: run `make deb`", pytrace=False)
    if os.geteuid() != 0:
        pytest.fail("needs root, to make a machine of namespaces", pytrace=False)
    return os.path.abspath(found[-1])


@pytest.fixture(scope="session")
def newer(package, tmp_path_factory):
    """The same package under a higher version number, with one more comment in the configuration that it brings."""
    folder = tmp_path_factory.mktemp("newer")
    tree = folder / "tree"
    run("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN/control"
    text = control.read_text()
    old = next(line for line in text.splitlines() if line.startswith("Version: "))
    control.write_text(text.replace(old, old + "+upgrade"))
    for path in (tree / "etc/fairlead/fairlead.yaml", tree / "usr/share/fairlead/fairlead.yaml"):
        path.write_text(path.read_text() + "\n# A remark of the newer version.\n")
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, folder)
    shutil.rmtree(tree)
    return next(folder.glob("*.deb"))


class World:
    """A machine and the upstream that it sees."""

    def __init__(self, package, folder):
        os.makedirs(os.path.join(folder, "ses"))
        run("dpkg-deb", "-x", package, os.path.join(folder, "unpacked"))
        self.ses = SES(os.path.join(folder, "unpacked/usr/bin/fairlead"), os.path.join(folder, "ses"))
        self.machine = Machine(clean_debian(BUILD, package), os.path.join(folder, "machine"))
        self.ses.known_to(self.machine)
        self.machine.boot()

    def end(self):
        self.ses.stop()
        self.machine.halt()


@pytest.fixture(scope="session")
def world(package):
    os.makedirs(BUILD, exist_ok=True)
    folder = os.path.join(BUILD, f"test-{os.getpid()}")
    it = World(package, folder)
    yield it
    it.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def machine(world):
    return world.machine
