"""What the package says of the program: manual pages, completions, the reference, rules for fail2ban."""
import os
import re
import subprocess

import pytest

from harness import dialogue
from harness.relay import BINARY, REPOSITORY
from harness.waiting import until

MANUAL = os.path.join(REPOSITORY, "packaging", "manual")
FAIL2BAN = os.path.join(REPOSITORY, "packaging", "fail2ban")


def run(*command, **options):
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=60, **options)


@pytest.fixture(scope="module")
def pages(binary, tmp_path_factory):
    """man1 and man5 as man wants them."""
    top = tmp_path_factory.mktemp("man")
    assert run(MANUAL, "--binary", BINARY, "pages", top / "all").returncode == 0
    for page in (top / "all").iterdir():
        folder = top / f"man{page.suffix[1:]}"
        folder.mkdir(exist_ok=True)
        page.rename(folder / page.name)
    return top


@pytest.fixture(scope="module")
def completions(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("completions")
    assert run(MANUAL, "--binary", BINARY, "completions", folder).returncode == 0
    return folder


def commands(*path):
    """The commands below a command, as its --help lists them."""
    text = run(BINARY, *path, "--help").stdout.partition("SUBCOMMANDS:")[2]
    return [name for name in re.findall(r"^  ([a-z]+) ", text, re.M) if name != "help"]


def test_a_page_for_every_command_with_every_option(pages):
    for command in commands():
        page = (pages / "man1" / f"fairlead-{command}.1").read_text().replace("\\-", "-")
        below = [(command, name) for name in commands(command)] or [(command,)]
        for path in below:
            if len(path) > 1:
                assert (pages / "man1" / f"fairlead-{'-'.join(path)}.1").read_text() == f".so man1/fairlead-{command}.1\n"
            for option in re.findall(r"^  (?:-\w, )?(--[a-z-]+)", run(BINARY, *path, "--help").stdout, re.M):
                assert option in ("--version", "--help") or option in page, f"{' '.join(path)} {option}"
        assert f"fairlead-{command}" in (pages / "man1" / "fairlead.1").read_text().replace("\\-", "-")


def test_pages_are_well_formed(pages):
    texts = [page for folder in ("man1", "man5") for page in sorted((pages / folder).iterdir()) if not page.read_text().startswith(".so ")]
    assert len(texts) > 15
    done = run("mandoc", "-T", "lint", "-W", "warning", *texts)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_page_says_what_help_says(pages):
    shown = " ".join(run("mandoc", "-T", "ascii", "-O", "width=200", pages / "man1" / "fairlead-dkim.1").stdout.replace("\b", "").split())
    plain = re.sub(r"(.)\1", r"\1", shown)  # bold is a letter over itself
    assert "byodkim" in plain and "Only this identity." in shown


@pytest.mark.parametrize("key", ["upstream.rate", "listeners[].allow", "accounts.NAME.from"])
def test_the_configuration_has_a_page(pages, key):
    assert key in (pages / "man5" / "fairlead.yaml.5").read_text().replace("\\-", "-")


def test_the_committed_reference_is_current(binary):
    with open(os.path.join(REPOSITORY, "docs", "configuration.md"), encoding="utf-8") as file:
        assert file.read() == run(MANUAL, "--binary", BINARY, "reference").stdout, "make reference makes it"


def test_every_key_is_in_the_reference(binary):
    listed = re.findall(r"^(\S+)  \(", run(BINARY, "check", "config", "--keys").stdout, re.M)
    with open(os.path.join(REPOSITORY, "docs", "configuration.md"), encoding="utf-8") as file:
        text = file.read()
    assert len(listed) > 50
    for key in listed:
        assert f"`{key}`" in text or f"\n## {key}\n" in text, key


def test_documents_name_commands_that_exist(binary):
    known = {name: commands(name) for name in commands()}
    documents = [os.path.join(REPOSITORY, "README.md")]
    documents += [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(REPOSITORY, "docs")) for name in names]
    found = set()
    for document in documents:
        if not document.endswith(".md"):
            continue
        with open(document, encoding="utf-8") as file:
            for first, second in re.findall(r"(?:^[#$] |`)fairlead ([a-z]+)(?: ([a-z]+)\b)?", file.read(), re.M):
                found.add((first, second, os.path.basename(document)))
    assert len(found) > 50
    wrong = [each for each in found if each[0] not in {*known, "help"} or known.get(each[0]) and each[1] and each[1] not in known[each[0]]]
    assert wrong == []


# -- completions


def test_bash_completes(completions):
    script = (f"source {completions}/bash/fairlead; COMP_WORDS=(fairlead qu); COMP_CWORD=1; COMP_LINE='fairlead qu'; COMP_POINT=11; "
              "COMP_TYPE=9; COMP_KEY=9; _fairlead fairlead qu fairlead; printf '%s\\n' \"${COMPREPLY[@]}\"")
    assert "queue" in run("bash", "--norc", "-c", script).stdout.split()


def test_zsh_loads(completions):
    done = run("zsh", "-f", "-c", f"fpath=({completions}/zsh $fpath); autoload -U compinit; compinit -D -u; print $_comps[fairlead]; "
               "autoload +X _fairlead && print good")
    assert done.stdout.split() == ["_fairlead", "good"]


def test_fish_completes(completions):
    done = run("fish", "--no-config", "-c", f"source {completions}/fish/fairlead.fish; complete -C 'fairlead que'",
               env={**os.environ, "HOME": str(completions), "PATH": os.path.dirname(BINARY) + ":" + os.environ["PATH"]})
    assert any(line.split("\t")[0] == "queue" for line in done.stdout.splitlines()), done.stdout


# -- fail2ban


def matches(lines, tmp_path, filter="fairlead.conf"):
    """The addresses that fail2ban takes from log lines."""
    log = tmp_path / "log"
    log.write_text("".join(line + "\n" for line in lines))
    # The filter includes a file of Debian's, so it is tried where it will lie.
    place = tmp_path / "filter.d"
    if not place.exists():
        place.mkdir()
        for name in ("common.conf",):
            os.symlink(f"/etc/fail2ban/filter.d/{name}", place / name)
        os.symlink(os.path.join(FAIL2BAN, "filter.d", filter), place / filter)
    done = run("fail2ban-regex", "--raw", "-o", "ip", log, place / filter, cwd=tmp_path)
    return [line for line in done.stdout.split() if re.fullmatch(r"[0-9a-f.:]+", line)]


def test_fail2ban_takes_the_addresses_of_refused_logins(binary, make, upstream, keys, tmp_path):
    relay = make.relay(upstream)
    with dialogue.RawClient(relay.implicit, keys, source="127.0.7.9") as raw:
        raw.handshake()
        raw.reply()
        raw.command("EHLO x")
        # The name is the client's to choose: it must not be able to put another address in.
        raw.command("AUTH PLAIN " + dialogue.plain("client=192.0.2.66, account=", "wrong"))
        raw.command("AUTH PLAIN " + dialogue.plain("app", "wrong"))
    until(lambda: relay.log().count("login refused") >= 1, "a refused login in the log")
    lines = [line for line in relay.log().splitlines() if "login refused" in line]
    assert set(matches(lines, tmp_path)) == {"127.0.7.9"}
    assert matches([line for line in relay.log().splitlines() if "login refused" not in line], tmp_path) == []


@pytest.mark.parametrize("line, address", [
    ("login refused: client=192.0.2.7, account=crm, reason=535 5.7.8 no", "192.0.2.7"),
    ("2026-11-21T09:00:00.123Z notice: login refused: client=2001:db8::7, account=unknown, reason=535", "2001:db8::7"),
    ("Nov 21 09:00:00 relay fairlead[77]: login refused: client=192.0.2.7, account=crm, reason=535", "192.0.2.7"),
    ("message refused: client=192.0.2.7, account=crm, from=<login refused: client=192.0.2.9, account=@x.example>", None),
    ("0cmz37: client=192.0.2.7, message-id=<login refused: client=192.0.2.9, account=>", None),
])
def test_fail2ban_forms(line, address, tmp_path):
    assert matches([line], tmp_path) == ([address] if address else [])


def test_the_jail_is_there_and_off(tmp_path):
    with open(os.path.join(FAIL2BAN, "jail.d", "fairlead.conf")) as file:
        text = file.read()
    assert re.search(r"^enabled\s*= false$", text, re.M) and re.search(r"^filter\s*= fairlead$", text, re.M)
