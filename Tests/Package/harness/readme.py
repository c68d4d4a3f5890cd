"""Steps for a person, as the documents have them: tests run them word for word."""
import os
import re

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def commands(document, name):
    """The lines behind root's prompt between `<!-- NAME: begin -->` and `<!-- NAME: end -->`, without the remarks at their ends."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    with open(os.path.join(REPOSITORY, document), encoding="utf-8") as file:
        text = file.read()
    if begin not in text or end not in text:
        raise RuntimeError(f"{document} has no part between {begin} and {end}")
    part = text.split(begin, 1)[1].split(end, 1)[0]
    found = [re.sub(r"\s\s+#.*$", "", line[2:]).strip() for line in part.splitlines() if line.startswith("# ")]
    if not found:
        raise RuntimeError(f"{document} has no commands behind # between {begin} and {end}")
    return found
