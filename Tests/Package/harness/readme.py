"""The steps to the first mail, as the README has them."""
import os
import re

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BEGIN, END = "<!-- first mail: begin -->", "<!-- first mail: end -->"


def first_mail_commands(path=os.path.join(REPOSITORY, "README.md")):
    """The lines behind root's prompt between the two marks, without the remarks at their ends."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if BEGIN not in text or END not in text:
        raise RuntimeError(f"{path} has no part between {BEGIN} and {END}")
    part = text.split(BEGIN, 1)[1].split(END, 1)[0]
    commands = [re.sub(r"\s\s+#.*$", "", line[2:]).strip() for line in part.splitlines() if line.startswith("# ")]
    if not commands:
        raise RuntimeError(f"{path} has no commands behind # between {BEGIN} and {END}")
    return commands
