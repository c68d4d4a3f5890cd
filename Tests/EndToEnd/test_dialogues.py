"""Every script in dialogues/, against one daemon. A script that names an address with `never@` must leave nothing behind."""
import glob
import os

import pytest

from harness import dialogue

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = sorted(glob.glob(os.path.join(HERE, "dialogues", "*.smtp")))


@pytest.mark.parametrize("number, script", enumerate(SCRIPTS), ids=[os.path.basename(s)[:-5] for s in SCRIPTS])
def test_dialogue(relay, upstream, keys, number, script):
    dialogue.run(script, relay.starttls, relay.implicit, keys, source=f"127.0.5.{number + 1}")
    assert relay.process.running()
    relay.wait_queue_empty()
    assert not [e for e in upstream.events("rcpt") if e["address"].startswith(("never@", "evil@"))]
