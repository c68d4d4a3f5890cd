"""As much of man(7) as the manual needs."""
import re
import textwrap


def text(words):
    """Plain words, so that nothing in them is taken for a request or turned into a typographic hyphen."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    escaped = escaped.replace("^", "\\(ha").replace("~", "\\(ti")
    return "\n".join("\\&" + line if line.startswith(".") else line for line in escaped.split("\n"))


def bold(words):
    return f"\\fB{words if chr(92) in words else text(words)}\\fR"


def italic(words):
    return f"\\fI{words if chr(92) in words else text(words)}\\fR"


def variable(name):
    return italic(text(name))


def references(words):
    """Sets the names of other pages in bold, as in fairlead.yaml(5)."""
    return re.sub(r"((?:[A-Za-z_.]|\\-)+)\((\d)\)", r"\\fB\1\\fR(\2)", words)


class Page:
    def __init__(self, name, section, date, source, manual):
        self.lines = [f'.TH "{text(name.upper())}" "{section}" "{date}" "{source}" "{manual}"', ".nh", ".ad l"]

    def section(self, title):
        self.lines.append(f".SH {title}")

    def subsection(self, title):
        self.lines.append(f'.SS "{text(title)}"')

    def name(self, name, abstract):
        self.lines.append(f"{text(name)} \\- {text(abstract[:1].lower() + abstract[1:] if abstract[1:2].islower() else abstract).rstrip('.')}")

    def paragraph(self, marked_up, tight=False):
        # Right behind a heading the space is there already.
        if not self.lines[-1].startswith(".S"):
            self.lines.append(".br" if tight else ".PP")
        self.lines.append(marked_up)

    def text(self, words):
        self.paragraph(references(text(words)))

    def discussion(self, words):
        """Paragraphs, and indented blocks as they stand."""
        for block in re.split(r"\n\s*\n", textwrap.dedent(words).strip("\n")):
            lines = block.split("\n")
            table = [re.fullmatch(r"\s+(\S.*?)\s{2,}(\S.*)", line) for line in lines]
            if all(table):
                for row in table:
                    self.term(bold(text(row[1])), row[2])
            elif all(line.startswith((" ", "\t")) for line in lines):
                self.lines += [".PP", ".nf", text(block), ".fi"]
            else:
                self.text(" ".join(block.split()))

    def term(self, marked_up, words):
        self.lines += [".TP", marked_up, references(text(words)) or "\\&"]

    def render(self):
        return "\n".join(self.lines) + "\n"
