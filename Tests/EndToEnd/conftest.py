"""Fixtures. A relay and its upstream live as long as the fixture that made them, and end by process id."""
import os

import pytest

from harness.keys import Keys
from harness.relay import BINARY, Relay
from harness.upstreams import Postfix, Sandbox, Upstream
from harness.waiting import free_ports


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def binary():
    if not os.access(BINARY, os.X_OK):
        pytest.fail(f"no {BINARY}: run `make build`", pytrace=False)
    return BINARY


class Maker:
    """Makes relays and upstreams, and ends them all."""

    def __init__(self, folder, keys):
        self.folder, self.keys, self.made = folder, keys, []

    def _new(self, kind):
        self.made.append(None)
        path = self.folder / f"{kind}-{len(self.made)}"
        path.mkdir()
        return path

    def _keep(self, thing, end):
        self.made.append(end)
        return thing

    def upstream(self, **options):
        it = Upstream(self._new("upstream"), self.keys, free_ports(1)[0], **options)
        return self._keep(it, it.stop)

    def sandbox(self, **options):
        it = Sandbox(BINARY, self._new("sandbox"), self.keys, free_ports(1)[0], **options)
        return self._keep(it, it.stop)

    def postfix(self):
        if Postfix.missing():
            pytest.skip(Postfix.missing())
        it = Postfix(self.keys, free_ports(1)[0])
        return self._keep(it, it.stop)

    def relay(self, upstream, /, start=True, env=None, **changes):
        it = Relay(self._new("relay"), self.keys, getattr(upstream, "port", upstream), **changes)
        self._keep(it, it.end)
        return it.start(env) if start else it

    def end(self):
        for end in reversed([e for e in self.made if e]):
            end()


@pytest.fixture
def make(tmp_path, keys, request):
    maker = Maker(tmp_path, keys)
    yield maker
    maker.end()


@pytest.fixture(scope="module")
def make_for_module(tmp_path_factory, keys):
    maker = Maker(tmp_path_factory.mktemp("module"), keys)
    yield maker
    maker.end()


@pytest.fixture(scope="module")
def upstream(binary, make_for_module):
    """A fake upstream that all tests of a module share; they leave its behaviour as they found it."""
    return make_for_module.upstream()


@pytest.fixture(scope="module")
def relay(upstream, make_for_module):
    """A running relay that all tests of a module share."""
    return make_for_module.relay(upstream)
