"""Waiting means asking again until a condition holds or a deadline has passed."""
import socket
import time


class Timeout(AssertionError):
    pass


def until(condition, what, seconds=10.0, every=0.02):
    """The first true value of condition(); raises Timeout after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"not within {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(every)


def port_open(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


def free_ports(count):
    """Ports that were free a moment ago, all different."""
    held = [socket.socket() for _ in range(count)]
    try:
        for s in held:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in held]
    finally:
        for s in held:
            s.close()
