"""The campaigns: kill at every call, fail at every call, random kills, and what a power cut may leave."""
import random
import threading
import time

from bench import ERRORS


class Figures:
    """What a campaign came to."""

    def __init__(self, name):
        self.name, self.runs, self.hits, self.extra = name, 0, 0, 0
        self.broken = []
        self.note = ""

    def line(self):
        return f"{self.name:32} {self.runs:6} {self.hits:6} {self.extra:6} {len(self.broken):6}  {self.note}"


HUNDRED = [f"r{number}@example.net" for number in range(100)]
REFUSED = {address: "550 5.1.1 nobody here" for address in HUNDRED[::10]}
DEFERRED = {address: "451 4.3.0 later" for address in HUNDRED[5::10]}


def one(bench):
    return [bench.submit()]


def hundred(bench):
    return [bench.submit(HUNDRED)]


def twenty(bench):
    return bench.submit_together(20)


WORKLOADS = {"one": (one, {}), "hundred": (hundred, {**REFUSED, **DEFERRED}), "twenty": (twenty, {})}


def settle(bench, seconds=0.4):
    """Gives deliveries time to run into the fault, as long as the daemon lives."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and bench.relay.process.running() and not bench.switch.hit:
        time.sleep(0.005)


def sweep(bench, name, mode, kind, numbers, tell, error="EIO", from_start=False, stop_unhit=True):
    """The fault at the Nth call, for each N of `numbers`, until a run was not hit."""
    work, replies = WORKLOADS[name]
    what = {"kill": "kill -9"}.get(mode, f"{error} {mode}")
    figures = Figures(f"{what}, {kind}, {name}{', start' if from_start else ''}")
    bench.upstream.behave(RCPT=replies)
    for number in numbers:
        bench.clean()
        if from_start:
            assert bench.start()
            first = work(bench)
            bench.relay.kill()
        else:
            first = []
        env = bench.environment(at=number, mode=mode, kind=kind, errno=ERRORS[error])
        bench.switch.set(from_start)
        ready = bench.start(env)
        bench.switch.set(True)
        promises = first + (work(bench) if ready else [])
        settle(bench)
        figures.runs += 1
        hit = bench.switch.hit
        figures.hits += hit
        bench.switch.set(False)
        if mode == "kill":
            bench.relay.kill()
        try:
            if mode != "kill" and bench.relay.process.running():
                late = recover(bench)
                if late is None:
                    figures.broken.append(f"{figures.name} N={number}: takes no mail 30 s after the fault was lifted")
                else:
                    promises.append(late)
            bench.upstream.behave(RCPT={address: reply for address, reply in replies.items() if reply.startswith("5")})
            bench.drain()
            broken, extra = bench.judge(promises, faults=1, refused=REFUSED if name == "hundred" else ())
            broken += bench.verify()
        except AssertionError as error_found:
            broken, extra = [str(error_found)], 0
        bench.upstream.behave(RCPT=replies)
        figures.extra += extra
        figures.broken += [f"{figures.name} N={number}: {text}" for text in broken]
        tell(figures)
        if not hit and stop_unhit:
            break
    bench.clean()
    return figures


def recover(bench):
    """A message that is taken, once the fault is lifted; the daemon heals by itself."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        promise = bench.submit(timeout=5)
        if promise.code == 250:
            return promise
        time.sleep(0.2)
    return None


def random_kills(bench, kills, tell, seed=1):
    """kill -9 at random moments while clients keep sending."""
    figures = Figures("kill -9, random")
    dice = random.Random(seed)
    bench.clean()
    bench.upstream.behave()
    promises, moments, stop, lock = [], [], threading.Event(), threading.Lock()

    def work():
        while not stop.is_set():
            promise = bench.submit(timeout=5)
            with lock:
                promises.append(promise)

    assert bench.start()
    threads = [threading.Thread(target=work, daemon=True) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        time.sleep(dice.uniform(0.05, 0.4))
        bench.relay.kill()
        moments.append(time.time())
        figures.runs += 1
        figures.hits += 1
        if not bench.start():
            figures.broken.append(f"does not start after kill {figures.runs}:\n{bench.relay.log()[-2000:]}")
            break
        tell(figures)
    stop.set()
    for thread in threads:
        thread.join(30)
    try:
        bench.drain(120)
        broken, figures.extra = bench.judge(promises, faults=kills)
        figures.broken += broken + bench.unexplained(promises, moments) + bench.verify()
    except AssertionError as error:
        figures.broken.append(str(error))
    accepted = sum(p.code == 250 for p in promises)
    figures.note = f"{len(promises)} sent, {accepted} accepted, {sum(p.code is None for p in promises)} answers lost"
    bench.clean()
    return figures
