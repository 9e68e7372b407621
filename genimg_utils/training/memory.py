"""Keep freed memory in the process: asking the system for it anew costs more than using it."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # of mallopt(3)
KEPT, AHEAD = 2**31 - 1, 2**28  # bytes


def keep():
    """Tell glibc not to return freed memory; says whether it will. Elsewhere nothing happens.

    A training step frees all its intermediate results, and the next one needs as much again. By
    default glibc hands such large blocks back to the system at once, which then clears each page
    again (two million page faults in 96 small steps, where 8,000 do): on a virtual machine that
    took more than half of the time.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library than glibc
        return False
    settings = {M_TRIM_THRESHOLD: KEPT, M_TOP_PAD: AHEAD, M_MMAP_MAX: 0}
    done = [mallopt(*setting) for setting in settings.items()]
    return all(done)
