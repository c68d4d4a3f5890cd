"""The configuration reference, from the keys that `fairlead check config --keys --json` lists: a page for GitHub and one for man."""
import roff

INTRODUCTION = """The configuration is one file in YAML (or JSON, which is YAML too), by default /etc/fairlead/fairlead.yaml. \
Unknown keys are errors. Relative paths start at the folder of the file."""

VALUES = [
    ("duration", "30s, 15min, 12h, 4d"),
    ("size", "octets: 512kB, 40MB; a MB is 1,000,000 octets"),
    ("rate", "per second, minute, hour or day: 14/s, 600/min, 500/h, 2000/d; or unlimited"),
    ("path", "absolute, or relative to the folder of the configuration"),
    ("list", "[one, two]; a single value may stand without brackets"),
    ("texts that begin with * & @ or [", "in quotes, because these mean something in YAML"),
]

ADVICE = """After a change: `fairlead check config` names every problem with line and key, `fairlead reload` puts the file in force. \
A file with a problem changes nothing."""


def facts(key):
    """Kind, and what holds if the key is left out."""
    if key["required"]:
        return f"{key['type']}, required"
    if "default" in key and key["default"] is not None:
        return f"{key['type']}, default: {key['default']}"
    return key["type"]


def in_table(default):
    """As code what could stand in the file; in words what follows from something else."""
    return f"`{default}`" if default and (" " not in default or default[0] in '"{[') else default


def is_section(key, keys):
    return any(other["key"].startswith((key["key"] + ".", key["key"] + "[].", key["key"] + ".NAME.")) for other in keys)


def groups(keys):
    """The keys by the section that they are in; those at the top come first."""
    top = [key for key in keys if "." not in key["key"] and not is_section(key, keys)]
    yield None, top
    for section in [key for key in keys if "." not in key["key"] and is_section(key, keys)]:
        yield section, [key for key in keys if key["key"].split(".")[0].removesuffix("[]") == section["key"] and key is not section]


def markdown(keys):
    lines = ["# Configuration", "",
             "<!-- Made from the program's own list of keys by `make reference`; do not edit. -->", "",
             INTRODUCTION, "", ADVICE, "",
             "[config/fairlead.yaml](../config/fairlead.yaml) shows the same keys in their places. The program lists them as well: "
             "`fairlead check config --keys`, and `man fairlead.yaml`.", "",
             "| Value | Written |", "|---|---|"]
    lines += [f"| {name} | {how} |" for name, how in VALUES]
    for section, own in groups(keys):
        if not own:
            continue
        lines += ["", "## At the top" if section is None else f"## {section['key']}", ""]
        if section:
            lines += [section["documentation"] + (" Required." if section["required"] else ""), ""]
        lines += ["| Key | Kind | Default | |", "|---|---|---|---|"]
        for key in own:
            default = "required" if key["required"] else in_table(key.get("default") or "")
            effect = "" if key["has_effect"] else " No effect yet."
            cells = [f"`{key['key']}`", key["type"], default, key["documentation"] + effect]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def page(keys, date, version):
    page = roff.Page("fairlead.yaml", 5, date, f"Fairlead {version}", "Fairlead")
    page.section("NAME")
    page.name("fairlead.yaml", "the configuration of fairlead(1)")
    page.section("DESCRIPTION")
    page.text(INTRODUCTION)
    page.text(ADVICE.replace("`", ""))
    page.section("VALUES")
    for name, how in VALUES:
        page.term(roff.text(name), how)
    for section, own in groups(keys):
        if not own:
            continue
        page.section("KEYS AT THE TOP" if section is None else f'"SECTION {roff.text(section["key"])}"')
        if section:
            page.text(section["documentation"] + (" Required." if section["required"] else ""))
        for key in own:
            effect = "" if key["has_effect"] else " No effect yet."
            page.term(f"{roff.bold(roff.text(key['key']))} ({roff.text(facts(key))})", key["documentation"] + effect)
    page.section("FILES")
    page.term(roff.italic("/etc/fairlead/fairlead.yaml"), "The configuration.")
    page.term(roff.italic("/usr/share/fairlead/fairlead.yaml"), "The same as it was installed, with every key explained.")
    page.section("SEE ALSO")
    page.text("fairlead(1), fairlead-check(1), fairlead-reload(1)")
    return page.render()
