"""Programs of others that speak S3: run on a place, and held to their exit codes."""

import os
import subprocess


def run(place, *command, environment=None, exit_code=0, stdin=b"", timeout=300):
    """Runs a program to its end and answers with its completed process; `exit_code` None takes any."""
    command = list(map(str, command))
    try:
        done = subprocess.run(
            command, env=place.environment() | {"LC_ALL": "C.UTF-8"} | (environment or {}), cwd=place.folder,
            input=stdin, capture_output=True, timeout=timeout,
        )
    except FileNotFoundError:
        raise AssertionError(f"{command[0]} is not installed: tests/run --only prepare installs it") from None
    done.stdout, done.stderr = (out.decode(errors="replace") for out in (done.stdout, done.stderr))
    if exit_code is not None and done.returncode != exit_code:
        said = f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        raise AssertionError(f"{command} ended with {done.returncode}, not {exit_code}:\n{said}")
    return done


def assert_same_tree(test, expected, found):
    """`diff -r` finds no difference, and there is something to differ."""
    test.assertNotEqual([], os.listdir(expected))
    compared = subprocess.run(["diff", "-r", expected, found], capture_output=True, text=True)
    test.assertEqual((0, ""), (compared.returncode, compared.stdout[:2000] + compared.stderr[:2000]))
