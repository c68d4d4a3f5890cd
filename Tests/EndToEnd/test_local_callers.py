"""The programs that have called sendmail for decades, as they are: cron, PHP, Python, git, mdadm, s-nail and mutt, each as a user of its own."""
import email
import email.policy
import grp
import os
import subprocess

import pytest

from harness import local_mail
from harness.processes import Process
from harness.relay import token
from harness.waiting import until

pytestmark = pytest.mark.skipif(bool(local_mail.Host.missing()), reason=str(local_mail.Host.missing()))


@pytest.fixture(scope="module")
def place():
    place = local_mail.Place()
    yield place
    place.end()


@pytest.fixture(scope="module")
def upstream(make_for_module):
    return make_for_module.sandbox()


@pytest.fixture(scope="module")
def relay(upstream, make_for_module, place):
    return make_for_module.relay(upstream, **place.settings(account="local", accounts={"www-data": "shop"}))


@pytest.fixture
def host(place, relay):
    return local_mail.Host(place)


def received(upstream, word, seconds=15):
    """The one message that has the word anywhere: what a person reads of it."""
    def there():
        found = []
        for octets in upstream.messages():
            message = email.message_from_bytes(octets, policy=email.policy.default)
            body = message.get_body(("plain",))
            if word in str(message["Subject"]) or word in (body.get_content() if body else ""):
                found.append(message)
        return found
    found = until(there, f"a message with {word}", seconds)
    assert len(found) == 1
    return found[0]


def comes_from(message, user, name=None):
    assert f"(userid {local_mail.uid(user)})" in message["Received"]
    assert message["From"].addresses[0].addr_spec == "no-reply@mail.example.com"
    if name:
        assert message["From"].addresses[0].display_name == f"{name} via mail.example.com"


def test_cron(host, upstream, tmp_path):
    """A real cron daemon, with jobs that run when it starts: output goes to the owner or to MAILTO, whatever it is made of."""
    owner, mailto, noise = token(), token(), token()
    tables = tmp_path / "crontabs"
    tables.mkdir()
    tmp_path.chmod(0o755)
    for user, text in (("www-data", f"@reboot echo job {owner} is done\n"), ("nobody", f"MAILTO=ann@example.net,root\n@reboot echo {mailto}\n"),
                       ("daemon", f"@reboot printf '10\\%\\%\\r50\\%\\%\\r100\\%\\%\\n.\\nGr\\303\\266\\303\\237e {noise}\\n'; false\n")):
        table = tables / user
        table.write_text(text)
        table.chmod(0o600)
        entry = local_mail.uid(user)
        os.chown(table, entry, grp.getgrnam("crontab").gr_gid)
    more = (f"mount --bind {tables} /var/spool/cron/crontabs\nmount -t tmpfs none /etc/cron.d\nmount --bind /dev/null /etc/crontab\n")
    cron = Process(host.command(["cron", "-f"], more=more), str(tmp_path / "log"))
    try:
        message = received(upstream, owner)
        comes_from(message, "www-data", "Cron Daemon")
        assert message["Subject"].startswith("Cron <www-data@")
        assert message["To"].startswith("www-data@")
        message = received(upstream, mailto)
        comes_from(message, "nobody", "Cron Daemon")
        assert "ann@example.net" in message["To"] and "root@" in message["To"]
        message = received(upstream, noise)
        assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == f"10%\n50%\n100%\n.\nGröße {noise}\n"
    finally:
        cron.kill()


def test_php_mail(host, upstream):
    """With the sendmail_path that PHP has by itself."""
    name = token()
    script = f"""exit(mail("Ann Example <ann@example.net>", "Bestellung {name}", "Guten Tag,\\n.\\nGrüße\\r\\n",
        "From: Shop <www@web1>\\r\\nBcc: archive@example.net\\r\\nContent-Type: text/plain; charset=utf-8") ? 0 : 1);"""
    done = host.run(["php", "-r", script], user="www-data")
    assert done.returncode == 0, done.stdout
    message = received(upstream, name)
    comes_from(message, "www-data", "Shop")
    assert message["Bcc"] is None and message["To"] == "Ann Example <ann@example.net>"
    assert message.get_content().replace("\r\n", "\n").rstrip() == "Guten Tag,\n.\nGrüße"


def test_php_mail_hears_of_a_refusal(host):
    done = host.run(["php", "-r", 'exit(mail("ann@example.net", "x", "x", "From: a@b.example, c@d.example") ? 0 : 1);'], user="www-data")
    assert done.returncode == 1 and b"exactly one address" in done.stdout


def test_php_mail_with_parameters(host, upstream, relay):
    name = token()
    done = host.run(["php", "-r", f'exit(mail("ann@example.net", "{name}", "x", "From: a@b.example", "-fbounce@mail.example.com") ? 0 : 1);'],
                    user="www-data")
    assert done.returncode == 0, done.stdout
    received(upstream, name)
    until(lambda: "from=<bounce@mail.example.com>" in relay.log(), relay.log)


def test_python(host, upstream):
    name = token()
    script = f"""
import subprocess
from email.message import EmailMessage
m = EmailMessage()
m["From"], m["To"], m["Cc"], m["Subject"] = "Ünattended <root>", "root", "ann@example.net", "Grüße {name}"
m.set_content("täglich\\n.\\n")
subprocess.run(["/usr/sbin/sendmail", "-oi", "-t"], input=m.as_bytes(), check=True)
"""
    done = host.run(["/usr/bin/python3", "-c", script])
    assert done.returncode == 0, done.stdout
    message = received(upstream, name)
    comes_from(message, "root", "Ünattended")
    assert message.get_content().replace("\r\n", "\n") == "täglich\n.\n"


def test_git_send_email(host, upstream, tmp_path):
    name = token()
    tmp_path.chmod(0o755)
    script = f"""set -e
cd {tmp_path}
git init -q . && git config user.name 'Ann Example' && git config user.email ann@web1.example.com
echo x > f && git add f && git commit -qm 'Add a file {name}'
git send-email --quiet --confirm=never --to=list@example.net --cc='Bén <ben@example.net>' -1
"""
    done = host.run(["sh", "-c", script], env={"HOME": str(tmp_path)})
    assert done.returncode == 0, done.stdout
    message = received(upstream, name)
    assert message["Subject"] == f"[PATCH] Add a file {name}"
    assert message["Reply-To"] == "Ann Example <ann@web1.example.com>"
    assert "+x\n" in message.get_content().replace("\r\n", "\n")


def test_mdadm_monitor(host, upstream):
    """No array is needed: that it is not there is an event too, and --test reports it."""
    before = len(upstream.messages())
    done = host.run(["mdadm", "--monitor", "--test", "--oneshot", "--mail", "root", "/dev/md/none"])
    assert done.returncode == 0, done.stdout
    octets = until(lambda: upstream.messages()[before:], "the alarm")[0]
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert "event" in message["Subject"] and "/dev/md/none" in message["Subject"]
    comes_from(message, "root", "mdadm monitoring")


def test_s_nail(host, upstream):
    name = token()
    done = host.run(["s-nail", "-S", "sendwait", "-s", f"Grüße {name}", "-c", "ben@example.net", "-b", "hidden@example.net", "ann@example.net"],
                    user="nobody", text="hello\n.\nend\n", env={"LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stdout
    message = received(upstream, name)
    comes_from(message, "nobody")
    assert message.get_content().replace("\r\n", "\n") == "hello\n.\nend\n"


def test_s_nail_to_a_user(host, upstream):
    name = token()
    done = host.run(["s-nail", "-S", "sendwait", "-s", name, "-r", "daemon", "root"], user="nobody", text="hello\n")
    assert done.returncode == 0, done.stdout
    comes_from(received(upstream, name), "nobody")


def test_mutt(host, upstream, tmp_path):
    name = token()
    (tmp_path / "data.bin").write_bytes(bytes(range(256)))
    done = host.run(["mutt", "-n", "-F", "/dev/null", "-e", "set record=''", "-s", name, "-a", tmp_path / "data.bin", "--", "ann@example.net", "root"],
                    text="hello\n", env={"HOME": str(tmp_path), "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stdout
    message = received(upstream, name)
    comes_from(message, "root")
    assert next(message.iter_attachments()).get_content() == bytes(range(256))


def test_nothing_is_lost_by_a_caller_that_does_not_try_again(host, relay, upstream, place):
    """The daemon is down, and what cron or PHP hands in then leaves when it is back."""
    relay.stop()
    name = token()
    done = subprocess.run([place.sendmail, "--config", place.config, "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"],
                          input=f"From: root (Cron Daemon)\nTo: root\nSubject: {name}\n\nx\n".encode(), **local_mail.as_user("www-data"))
    assert done.returncode == 0
    relay.start()
    comes_from(received(upstream, name), "www-data", "Cron Daemon")
