"""The dashboard in Chromium: what it shows with scripts and without, on a desk and on a phone. It makes the pictures in docs/."""
import os
import random
import re
import time

import pytest

from harness import axe, clients, messages, web
from harness.browser import Browser
from harness.relay import REPOSITORY, token
from harness.waiting import free_ports, until

pytestmark = pytest.mark.skipif(not Browser.PROGRAM, reason="no Chromium: install chromium")

LOGINS = (("app", "a secret of the app: 7+/="), ("shop", "another secret of the shop: 8+/="), ("crm", "one more secret, of the crm: 9+/="))
PASSWORDS = dict(LOGINS)
SIZES = {"desktop": {"width": 1280, "height": 1180}, "phone": {"width": 390, "height": 844, "phone": True},
         "dark": {"width": 1280, "height": 1180, "dark": True}}
# `make screenshots` sets a folder, and lets the traffic run long enough for plots to look at.
PICTURES = os.environ.get("FAIRLEAD_SCREENSHOTS")
SECONDS = 300 if PICTURES else 11


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    it = Browser(tmp_path_factory.mktemp("browser"))
    yield it
    it.stop()


@pytest.fixture(scope="module")
def port():
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def relay(upstream, make_for_module, port, keys):
    """With traffic of three apps behind it, some of which fails."""
    # At SES's usual rate the waves of the pictures become a queue now and then.
    relay = make_for_module.relay(upstream, logins=LOGINS, http=f"127.0.0.1:{port}", upstream={"rate": "14/s"} if PICTURES else {},
                                  accounts={"app": {"reports": "none"}, "shop": {"daily": 20000, "reports": "none"},
                                            "crm": {"daily": 2000, "lifetime": "15min", "reports": "none"}})
    upstream.behave(RCPT={"gone@customer.example": "550 5.1.1 <gone@customer.example>: no such user"})
    chance = random.Random(1)
    names = ["anna", "ben", "carla", "david", "eva", "frank", "greta", "hugo"]
    begin = time.monotonic()
    while time.monotonic() - begin < SECONDS:
        wave = 1 + int(6 * abs((time.monotonic() - begin) % 60 - 30) / 30)
        for user in ("app", "shop", "shop", "crm")[:1 + wave // 2]:
            smtp = clients.connect(relay.starttls, keys, user=user, password=PASSWORDS[user])
            for _ in range(chance.randrange(1, wave + 1)):
                to = "gone" if chance.random() < 0.02 else chance.choice(names)
                assert clients.submit(smtp, messages.plain(token()), recipients=[f"{to}@customer.example"])[0] == 250
            smtp.close()
        until(lambda at=time.monotonic() + 0.5: time.monotonic() > at, "half a second")
    return relay


def url(port, path="/?span=10min"):
    return f"http://127.0.0.1:{port}{path}"


def silent(page):
    """Nothing in the console, and nothing asked of anybody else."""
    assert page.complaints() == []
    hosts = {re.match(r"\w+://[^/]*", address)[0] for address in page.requests()}
    assert len(hosts) == 1 and "//127.0.0.1:" in hosts.pop()


def picture(page, name, tmp_path):
    path = os.path.join(PICTURES or tmp_path, f"dashboard-{name}.png")
    page.screenshot(path, whole=False)
    assert os.path.getsize(path) > 20_000


def text(page, selector):
    return page.value(f"document.querySelector({selector!r})?.innerText ?? null")


@pytest.mark.parametrize("size", SIZES)
def test_looks(browser, relay, port, size, tmp_path):
    page = browser.page(**SIZES[size]).open(url(port))
    assert text(page, "#state h1") == "All is well"
    for section in ("figures", "plots", "accounts", "events"):
        assert page.value(f"document.getElementById({section!r}).getBoundingClientRect().height") > 40, section
    assert page.value("document.documentElement.scrollWidth <= innerWidth"), "wider than the screen"
    # Each line of the plots has a length.
    assert page.value("[...document.querySelectorAll('.canvas path')].every(p => p.getTotalLength() > 0)")
    assert page.value("document.querySelectorAll('#events tbody tr').length") == 30
    assert "shop" in text(page, "#accounts")
    picture(page, size, tmp_path)
    silent(page)
    page.close()


def test_colours_follow_the_system(browser, relay, port):
    shades = []
    for dark in (False, True):
        page = browser.page(dark=dark).open(url(port))
        shades.append(page.value("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"))
        page.close()
    assert shades[0] > 600 and shades[1] < 150


def test_it_keeps_itself_up_to_date(browser, relay, port, keys, upstream):
    page = browser.page().open(url(port))
    page.value("window.stayed = true")
    before = text(page, "#events tbody tr")
    smtp = clients.connect(relay.starttls, keys)
    assert clients.submit(smtp, messages.plain(token()), recipients=["news@customer.example"])[0] == 250
    smtp.close()
    until(lambda: "news@customer.example" in text(page, "#events"), "the new events", 20, 0.2)
    assert text(page, "#events tbody tr") != before and page.value("window.stayed")
    upstream.behave(AUTH="535 Authentication Credentials Invalid")
    try:
        relay.cli("reload")
        smtp = clients.connect(relay.starttls, keys)
        assert clients.submit(smtp, messages.plain(token()))[0] == 250
        smtp.close()
        until(lambda: text(page, "#state h1") == "Trouble", "trouble", 20, 0.2)
        matters = text(page, "#matters")
        assert "535 Authentication Credentials Invalid" in matters and "put valid SMTP credentials" in matters
        assert page.value("document.title").startswith("Trouble")
        if PICTURES:
            picture(page, "trouble", PICTURES)
    finally:
        upstream.behave()
        relay.cli("reload")
    until(lambda: text(page, "#state h1") == "All is well", "all to be well", 30, 0.2)
    assert text(page, "#matters") in (None, "") and page.value("window.stayed")
    silent(page)
    page.close()


def test_what_is_in_use_stays(browser, relay, port, keys):
    """A link with the focus is not taken from under a keyboard."""
    page = browser.page().open(url(port))
    page.value("document.querySelector('#events a').focus()")
    link = page.value("document.activeElement.href")
    smtp = clients.connect(relay.starttls, keys)
    assert clients.submit(smtp, messages.plain(token()))[0] == 250
    smtp.close()
    count = page.value("performance.getEntriesByType('resource').filter(r => r.initiatorType === 'fetch').length")
    until(lambda: page.value("performance.getEntriesByType('resource').filter(r => r.initiatorType === 'fetch').length") >= count + 2,
          "two more looks", 20, 0.2)
    assert page.value("document.activeElement.href") == link
    page.close()


def test_values_under_the_pointer(browser, relay, port):
    page = browser.page().open(url(port))
    page.hover("#throughput .canvas", 0.995)
    tip = until(lambda: text(page, "#throughput .tip"), "the values", 5)
    assert re.match(r"\d\d:\d\d:\d\d\nrelayed [\d.]+/s\naccepted [\d.]+/s\nfailed [\d.]+/s", tip), tip
    silent(page)
    page.close()


def test_a_daemon_that_ends_is_told(browser, upstream, make, tmp_path):
    at = free_ports(1)[0]
    relay = make.relay(upstream, http=f"127.0.0.1:{at}")
    page = browser.page().open(url(at))
    assert page.value("document.getElementById('lost').hidden")
    relay.kill()
    until(lambda: not page.value("document.getElementById('lost').hidden"), "the remark", 20, 0.2)
    page.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_search_is_trace(browser, relay, port, keys, scripts, tmp_path):
    mark = token()
    smtp = clients.connect(relay.starttls, keys, user="crm", password=PASSWORDS["crm"])
    assert clients.submit(smtp, messages.plain(mark), recipients=[f"{mark}+x@customer.example"])[0] == 250
    smtp.close()
    relay.wait_queue_empty()
    page = browser.page(scripts=scripts).open(url(port))
    page.type("#word", f"{mark}+x@customer.example")
    until(lambda: "Trace of" in (text(page, "h1") or ""), "the trace", 10, 0.1)
    assert page.value("location.pathname") == "/trace"
    story = text(page, ".story")
    for word in ("accepted", "rewritten", "relayed", "250 Ok", "account crm", f"{mark}+x@customer.example"):
        assert word in story, story
    assert f"{mark}+x@customer.example" == page.value("document.getElementById('word').value")
    if scripts:
        picture(page, "trace", tmp_path)
    # By queue id, from the table of events.
    page.open(url(port))
    page.value("document.querySelector('#events a.id').click()")
    until(lambda: "Trace of" in (text(page, "h1") or ""), "the trace", 10, 0.1)
    assert page.value("document.querySelectorAll('.story').length") == 1
    page.close()


def test_without_scripts(browser, relay, port):
    """The tables and the plots are there, and the page loads anew by itself."""
    page = browser.page(scripts=False).open(url(port))
    assert page.value("document.querySelectorAll('#events tbody tr').length") == 30
    assert page.value("document.querySelectorAll('#accounts tbody tr').length") == 3
    assert page.value("document.querySelectorAll('.canvas svg path').length") >= 6
    assert page.value("document.querySelector('noscript meta[http-equiv=refresh]') !== null")
    # A table of events that a text browser could read too.
    plain = re.sub(r"<[^>]*>", " ", web.get(port, "/").text)
    assert "Recent events" in plain and "relayed" in plain and "@customer.example" in plain
    page.close()


def test_nothing_that_is_hostile_runs(browser, relay, port, keys):
    """Addresses and words with markup are text."""
    smtp = clients.connect(relay.starttls, keys)
    hostile = '"<script>document.title=1</script><img src=x onerror=alert(1)>"@customer.example'
    assert clients.submit(smtp, messages.plain(token()), recipients=[hostile])[0] == 250
    smtp.close()
    relay.wait_queue_empty()
    for path in ("/", "/trace?q=%22%3E%3Cscript%3Edocument.title=1%3C/script%3E", "/trace?q=%3Cb%3E&q=x", "/?span=%3Cscript%3E"):
        page = browser.page().open(url(port, path))
        assert page.value("document.title") != "1"
        assert page.value("document.querySelectorAll('main script, main img, main b:not(.legend b)').length") == 0
        silent(page)
        page.close()
    assert "&lt;script&gt;" in web.get(port, "/").text


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", ["/?span=10min", "/trace?q=anna@customer.example", "/trace?q=nobody@customer.example"])
def test_accessibility(browser, relay, port, size, path):
    script = axe.source()
    if script is None:
        pytest.skip("no axe-core: pip cannot fetch axe-core-python")
    page = browser.page(**SIZES[size]).open(url(port, path))
    page.value(script + "; 0")
    found = page.value("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map("
                       "v => `${v.impact} ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => n.target + ' ' + (n.any[0]?.message ?? '')).join(' | ')}`))")
    assert found == []
    page.close()
