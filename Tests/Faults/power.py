"""What a power cut may leave: the calls on the queue's folder are recorded, and every kind of legal folder after a cut is built from them.

The model: data of a file is safe once the file was synced after it was written; a name is safe once its folder was synced after it was made,
renamed or removed. Of everything else any part may be missing, in any order, and a write may be torn at a multiple of 512 octets.
"""
import copy
import json
import os
import random
import shutil
import struct
import subprocess

from campaigns import Figures

HEAD = struct.Struct("<c3xIqQ")


def records(path):
    with open(path, "rb") as f:
        octets = f.read()
    place = 0
    while place + HEAD.size <= len(octets):
        operation, path_length, offset, size = HEAD.unpack_from(octets, place)
        place += HEAD.size
        name = octets[place:place + path_length].decode()
        data = octets[place + path_length:place + path_length + size]
        place += path_length + size
        yield operation.decode(), name, offset, data


class File:
    def __init__(self, octets=b""):
        self.safe, self.pending = bytes(octets), []

    def now(self, operations=None):
        content = bytearray(self.safe)
        for kind, offset, data in self.pending if operations is None else operations:
            if kind == "T":
                del content[offset:]
                content.extend(bytes(offset - len(content)))
            else:
                content.extend(bytes(max(0, offset + len(data) - len(content))))
                content[offset:offset + len(data)] = data
        return bytes(content)

    def sync(self):
        self.safe, self.pending = self.now(), []


class Disk:
    """The folder as the kernel has it, and what of it is safe."""

    def __init__(self, root):
        self.root = root
        self.names, self.safe_names = {}, {}
        for folder, _, files in os.walk(root):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    self.names[path] = File(f.read())
        self.safe_names = dict(self.names)

    def apply(self, operation, path, offset, data):
        file = self.names.get(path)
        if operation == "C":
            self.names[path] = File()
        elif operation in "WT" and file:
            file.pending.append((operation, offset, data))
        elif operation == "S" and file:
            file.sync()
        elif operation == "S":
            for name in [n for n in self.safe_names if os.path.dirname(n) == path]:
                del self.safe_names[name]
            self.safe_names.update({n: f for n, f in self.names.items() if os.path.dirname(n) == path})
        elif operation == "R" and file:
            self.names[data.decode()] = self.names.pop(path)
        elif operation == "U":
            self.names.pop(path, None)

    def states(self, dice, count):
        """Legal folders: name -> octets."""
        def build(names, choose):
            return {path: file.now(choose(file)) for path, file in names.items()}

        def nothing(file):
            return []

        def all_of_it(file):
            return None

        def some(file):
            return [op for op in file.pending if dice.random() < 0.5]

        def torn(file):
            if not file.pending:
                return []
            kind, offset, data = file.pending[-1]
            return file.pending[:-1] + [(kind, offset, data[:dice.randrange(0, len(data) // 512 + 1) * 512] if kind == "W" else data)]

        def zeroes(file):
            return [(kind, offset, bytes(len(data)) if kind == "W" else data) for kind, offset, data in file.pending]

        mixed = {**self.safe_names}
        for path, file in self.names.items():
            if dice.random() < 0.5:
                mixed[path] = file
        yield "nothing unsynced", build(self.safe_names, nothing)
        yield "everything", build(self.names, all_of_it)
        yield "names without data", build(self.names, nothing)
        yield "data without names", build(self.safe_names, all_of_it)
        yield "torn", build(self.names, torn)
        yield "zeroes", build(self.names, zeroes)
        for number in range(count):
            yield f"random {number}", build(mixed if number % 2 else self.names, some)


def record(bench, count, nosync=False):
    """Runs clients against a daemon whose upstream is away, and returns the folder before, and what was done to it."""
    bench.clean()
    bench.relay.configure(upstream={"port": 9})
    assert bench.start()
    bench.submit()
    bench.relay.stop()
    before = bench.queue + ".before"
    shutil.rmtree(before, ignore_errors=True)
    shutil.copytree(bench.queue, before)
    log = os.path.join(bench.folder, "record")
    if os.path.exists(log):
        os.unlink(log)
    env = bench.environment(mode="record", kind="any", log=log)
    if nosync:
        # The real thing: a library that makes every sync do nothing. It comes first, so that no sync reaches the shim, or the kernel.
        env["LD_PRELOAD"] = nosync + ":" + env["LD_PRELOAD"]
    bench.switch.set(True)
    assert bench.start(env)
    promises = [bench.submit(size=200_000 if number == 3 else 300) for number in range(count // 2)] + bench.submit_together(count - count // 2)
    assert all(p.code == 250 for p in promises)
    bench.switch.set(False)
    bench.relay.kill()
    bench.relay.configure(upstream={"port": bench.upstream.port})
    return before, list(records(log)), promises


def listed(binary, config):
    done = subprocess.run([binary, "queue", "list", "--json", "--config", config], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)
    if done.returncode:
        return None, done.stderr
    return {json.loads(line)["queue_id"]: json.loads(line)["queue_name"] for line in done.stdout.splitlines()}, done.stderr


def cut(bench, tell, count=12, states=4, seed=1, most=400, forget_syncs=False, nosync=None):
    """Cuts the power after each answer to a client and around each sync; looks at what is left with the product's own commands.

    `forget_syncs`: the disk lied, no sync ever counted: accepted mail must then be lost, or this test proves nothing.
    """
    from bench import BINARY
    figures = Figures("power cut" + (", eatmydata" if nosync else ", syncs ignored" if forget_syncs else ""))
    before, done, promises = record(bench, count, nosync)
    dice = random.Random(seed)
    answers = [i for i, r in enumerate(done) if r[0] == "N"]
    syncs = [i for i, r in enumerate(done) if r[0] == "S"]
    cuts = sorted(set(answers + [i + 1 for i in answers] + syncs + [i + 1 for i in syncs]))
    cuts += [dice.randrange(len(done)) for _ in range(len(cuts) // 4)]
    plan = [(place, number) for place in sorted(set(cuts)) for number in range(6 + states)]
    if len(plan) > most:
        chosen = set(dice.sample(range(len(plan)), most))
        plan = [entry for index, entry in enumerate(plan) if index in chosen]
    wanted = {}
    for place, number in plan:
        wanted.setdefault(place, set()).add(number)
    disk, promised = Disk(before), []
    swap = lambda path: path.replace(bench.queue, before, 1)  # noqa: E731
    target = bench.queue
    for place in range(len(done) + 1):
        for number, (kind, files) in enumerate(disk.states(dice, states) if place in wanted else ()):
            if number not in wanted[place]:
                continue
            shutil.rmtree(target, ignore_errors=True)
            os.makedirs(os.path.join(target, "spool"), mode=0o700)
            os.chmod(target, 0o700)
            for path, octets in files.items():
                with open(path.replace(before, target, 1), "wb") as f:
                    os.fchmod(f.fileno(), 0o600)
                    f.write(octets)
            found, words = listed(BINARY, bench.relay.config_path)
            figures.runs += 1
            where = f"{figures.name}: call {place} of {len(done)}, {kind}"
            if found is None:
                figures.broken.append(f"{where}: does not open: {words.strip()[-300:]}")
                continue
            lost = [name for name in promised if found.get(name) in (None, "quarantine")]
            if lost:
                figures.broken.append(f"{where}: {len(lost)} of {len(promised)} accepted messages are gone: {lost[:3]}")
            tell(figures)
        if place < len(done):
            operation, path, offset, data = done[place]
            if operation == "N":
                for line in data.decode(errors="replace").splitlines():
                    if "queued as " in line:
                        promised.append(line.split("queued as ")[1].split()[0].rstrip("."))
            elif not (forget_syncs and operation == "S"):
                disk.apply(operation, swap(path), offset, swap(data.decode()).encode() if operation == "R" else data)
    figures.hits = len(answers)
    figures.note = f"{len(done)} calls, {len(syncs)} syncs, {len(answers)} answers"
    shutil.rmtree(target, ignore_errors=True)
    return figures
