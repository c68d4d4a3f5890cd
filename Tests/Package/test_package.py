"""The life of the package on a clean Debian with systemd. The tests build on each other, in this order."""
import os
import re
import subprocess

import pytest

from harness.readme import commands
from harness.ses import DOMAIN, PASSWORD, USER

APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Options::=--force-confold"
QUEUED = 500
HERE = os.path.dirname(os.path.abspath(__file__))


def install(machine, package):
    name = os.path.basename(package)
    machine.copy(package, f"/root/{name}")
    return machine.run(f"{APT} install ./{name}").stdout


def modes(machine, *paths):
    return machine.run("stat -c '%n %a %U:%G' " + " ".join(paths)).stdout.splitlines()


def active(machine):
    return machine.run("systemctl is-active fairlead", check=False).stdout.strip()


def queued(machine):
    return sum('"queue_id"' in line for line in machine.run("fairlead queue list --json").stdout.splitlines())


def submit(machine, user, password, count):
    done = subprocess.run(["nsenter", f"--net=/run/netns/{machine.inside_network}", "/usr/bin/python3", os.path.join(HERE, "submit.py"),
                           user, password, f"crm@{DOMAIN}", str(count)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def app(machine):
    """The account that the tests send as."""
    secret = "a password of the tests"
    machine.run("fairlead account add tester --password-stdin", stdin=secret + "\n")
    return "tester", secret


def test_install(machine, package):
    seen = install(machine, package)
    assert "Fairlead is not configured yet. Next: fairlead setup" in seen
    assert machine.run("getent passwd fairlead").stdout.rstrip().endswith(":/var/lib/fairlead:/usr/sbin/nologin")
    assert modes(machine, "/etc/fairlead", "/etc/fairlead/fairlead.yaml", "/etc/fairlead/tls", "/etc/fairlead/dkim", "/var/lib/fairlead",
                 "/var/lib/fairlead-maildrop") == [
        "/etc/fairlead 755 root:root", "/etc/fairlead/fairlead.yaml 640 root:fairlead", "/etc/fairlead/tls 750 root:fairlead",
        "/etc/fairlead/dkim 750 root:fairlead", "/var/lib/fairlead 700 fairlead:fairlead",
        "/var/lib/fairlead-maildrop 3733 fairlead:fairlead"]
    conffiles = machine.run("dpkg-query -W -f '${Conffiles}\\n' fairlead").stdout
    assert re.findall(r"^ (\S+)", conffiles, re.M) == [
        "/etc/fail2ban/filter.d/fairlead.conf", "/etc/fail2ban/jail.d/fairlead.conf", "/etc/fairlead/fairlead.yaml"]


def test_a_mail_transport_agent(machine):
    assert "mail-transport-agent" in machine.run("dpkg-query -W -f '${Provides}' fairlead").stdout
    for link in ("/usr/sbin/sendmail", "/usr/lib/sendmail", "/usr/bin/mailq", "/usr/bin/newaliases"):
        assert machine.run(f"readlink -f {link}").stdout.strip() == "/usr/bin/fairlead"
    assert "/usr/bin/fairlead" in machine.run("update-alternatives --list sendmail").stdout


def test_enabled_and_not_started_until_configured(machine):
    assert machine.run("systemctl is-enabled fairlead").stdout.strip() == "enabled"
    assert active(machine) == "inactive"
    machine.run("systemctl start fairlead")
    assert (active(machine), machine.run("systemctl is-failed fairlead", check=False).stdout.strip()) == ("inactive", "inactive")


def test_every_command_has_a_page_and_completions(machine):
    listed = machine.run("dpkg -L fairlead").stdout
    for command in re.findall(r"^  ([a-z]+)  ", machine.run("fairlead --help").stdout, re.M):
        if command != "help":
            assert f"/usr/share/man/man1/fairlead-{command}.1.gz" in listed
    for path in ("/usr/share/man/man1/fairlead.1.gz", "/usr/share/man/man5/fairlead.yaml.5.gz",
                 "/usr/share/bash-completion/completions/fairlead", "/usr/share/zsh/vendor-completions/_fairlead",
                 "/usr/share/fish/vendor_completions.d/fairlead.fish"):
        assert path in listed


def test_configured_and_started(machine):
    machine.run(f"fairlead setup --domain {DOMAIN} --smtp-user {USER} --password-stdin --hostname relay.example.com --no-check",
                stdin=PASSWORD + "\n")
    machine.run("systemctl start fairlead")
    assert active(machine) == "active"
    main = machine.run("systemctl show -P MainPID fairlead").stdout.strip()
    assert machine.run(f"stat -c %U /proc/{main}").stdout.strip() == "fairlead"


def test_reload_and_restart(machine):
    machine.run("systemctl reload fairlead")
    main = machine.run("systemctl show -P MainPID fairlead").stdout
    machine.run("systemctl restart fairlead")
    assert active(machine) == "active"
    assert machine.run("systemctl show -P MainPID fairlead").stdout != main


def test_a_failure_is_told(machine):
    """The daemon ends for good on a mistake; systemd then starts the unit that tells, and it can do so behind its own walls."""
    machine.run("cp -p /etc/fairlead/fairlead.yaml /root/kept.yaml && echo 'mistake: here' >>/etc/fairlead/fairlead.yaml")
    assert machine.run("systemctl restart fairlead", check=False).returncode != 0
    assert machine.run("systemctl is-failed fairlead", check=False).stdout.strip() == "failed"
    machine.until(lambda: machine.run("systemctl show -P ExecMainExitTimestampMonotonic fairlead-failure").stdout.strip() != "0",
                  "the unit that tells", 20)
    assert "mistake" in machine.run("journalctl -u fairlead --no-pager").stdout
    machine.run("cp -p /root/kept.yaml /etc/fairlead/fairlead.yaml && systemctl reset-failed && systemctl start fairlead")
    assert active(machine) == "active"


def test_sendmail_for_anybody(machine):
    """Under the unit's walls too, and without a daemon."""
    mail = "To: root\nSubject: from cron\n\nhello\n"
    machine.run("runuser -u nobody -- /usr/sbin/sendmail -t", stdin=mail)
    assert queued(machine) == 1
    machine.run("systemctl stop fairlead")
    machine.run("runuser -u nobody -- /usr/sbin/sendmail -t", stdin=mail)
    machine.run("systemctl start fairlead")
    machine.until(lambda: queued(machine) == 2, "the message from the maildrop in the queue", 15)
    assert machine.run("mailq").stdout.count("postmaster@") == 2
    machine.run("fairlead queue remove --all")


def test_backup_and_restore(world, machine, package, app):
    """As docs/operations.md says it, word for word; in between mail comes, and the daemon is killed with its log unwritten."""
    submit(machine, *app, 5)
    for command in commands("docs/operations.md", "backup"):
        machine.run(command)
    submit(machine, *app, 80)
    machine.run("systemctl kill -s KILL fairlead && rm -r /etc/fairlead")
    for command in commands("docs/operations.md", "restore"):
        machine.run(command)
    assert active(machine) == "active"
    assert queued(machine) == 5
    machine.run("fairlead queue remove --all && rm -r /var/lib/fairlead.lost /var/lib/fairlead-maildrop.lost")


def test_upgrade_with_a_full_queue(world, machine, newer, app):
    """SES is away: everything waits. The upgrade restarts the daemon, keeps the configuration, and loses and doubles nothing."""
    # SES's rate of a new account would make this take long.
    machine.run("sed -i 's|rate: 14/s|rate: 500/s|' /etc/fairlead/fairlead.yaml && fairlead reload")
    submit(machine, *app, QUEUED)
    assert queued(machine) == QUEUED
    before = machine.run("sha256sum /etc/fairlead/fairlead.yaml /etc/fairlead/ses.env /etc/fairlead/passwords").stdout
    owners = modes(machine, "/etc/fairlead/fairlead.yaml", "/etc/fairlead/ses.env", "/etc/fairlead/passwords", "/etc/fairlead/tls/*")
    process = machine.run("systemctl show -P MainPID fairlead").stdout
    install(machine, newer)
    assert machine.run("dpkg-query -W -f '${Version}' fairlead").stdout.endswith("+upgrade")
    assert active(machine) == "active"
    assert machine.run("systemctl show -P MainPID fairlead").stdout != process
    assert machine.run("sha256sum /etc/fairlead/fairlead.yaml /etc/fairlead/ses.env /etc/fairlead/passwords").stdout == before
    assert modes(machine, "/etc/fairlead/fairlead.yaml", "/etc/fairlead/ses.env", "/etc/fairlead/passwords", "/etc/fairlead/tls/*") == owners
    assert "newer version" in machine.run("cat /etc/fairlead/fairlead.yaml.dpkg-dist").stdout
    assert queued(machine) == QUEUED
    world.ses.start(machine)
    machine.run("fairlead queue retry --all")
    machine.until(lambda: queued(machine) == 0, "an empty queue", 60)
    tokens = re.findall(rb"^X-Token: (\S+)", b"\n".join(world.ses.messages()), re.M)
    assert len(tokens) == len(set(tokens)) == QUEUED


def test_remove_keeps_the_queue_and_says_so(world, machine, package, app):
    world.ses.stop()
    submit(machine, *app, 3)
    machine.run("systemctl stop fairlead && echo hello | sendmail root")
    seen = machine.run(f"{APT} remove fairlead").stdout
    assert "Fairlead: 4 accepted messages are not sent yet" in seen
    assert machine.run("ls /usr/bin/fairlead /usr/sbin/sendmail /usr/bin/mailq", check=False).returncode == 2
    assert active(machine) == "inactive"
    for kept in ("/etc/fairlead/fairlead.yaml", "/etc/fairlead/ses.env", "/var/lib/fairlead/queue.db"):
        machine.run(f"test -s {kept}")
    assert machine.run("stat -c %U /var/lib/fairlead/*").stdout.split() == machine.run("stat -c fairlead /var/lib/fairlead/*").stdout.split()
    install(machine, package)
    assert active(machine) == "active"
    machine.until(lambda: queued(machine) == 4, "all four in the queue", 15)


def test_purge_leaves_what_waits_and_nothing_else(machine, package):
    assert "mail that is not sent yet stays" in machine.run(f"{APT} purge fairlead").stdout
    machine.run("test ! -e /etc/fairlead && test -s /var/lib/fairlead/queue.db")
    machine.run("rm -r /var/lib/fairlead /var/lib/fairlead-maildrop")
    install(machine, package)
    machine.run(f"{APT} purge fairlead")
    left = machine.run("find / -xdev -iname '*fairlead*' -not -path '/proc/*' -not -path '/root/*' -not -path '/var/log/*'").stdout.split()
    assert left == []
    assert machine.run("systemctl is-enabled fairlead", check=False).returncode != 0
