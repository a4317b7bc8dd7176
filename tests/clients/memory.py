"""The memory that a server takes for a piece of work, above what it held before."""

import contextlib

from archive import MIB


@contextlib.contextmanager
def bounded(server, what, growth_bytes_max):
    """Fails where the resident memory rises by more than `growth_bytes_max` meanwhile, and prints the figures."""
    base = server.memory_now_bytes()
    server.forget_memory_peak()
    yield
    growth = server.memory_peak_bytes() - base
    print(f"\n  {what}: base {base / MIB:.1f} MiB, peak + {growth / MIB:.1f} of {growth_bytes_max // MIB} MiB", flush=True)
    if growth > growth_bytes_max:
        raise AssertionError(f"{what}: {growth} bytes above the base, {growth_bytes_max} allowed")
