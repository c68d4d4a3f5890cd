"""`make demo` can say yes and can say no."""
import os
import subprocess

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "demo.py")


def demo(*arguments):
    return subprocess.run(["/usr/bin/python3", "-B", DEMO, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)


def test_yes(binary):
    done = demo()
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("verified") == 9 and "NOT" not in done.stdout
    assert "crm@app.example" in done.stdout and "no-reply@mail.example.com" in done.stdout


def test_one_flipped_octet_makes_it_say_no(binary):
    done = demo("--flip")
    assert done.returncode == 1, done.stdout
    assert done.stdout.count("NOT VERIFIED") == 9
