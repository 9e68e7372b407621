"""Freed memory stays in the process, so that a training step need not ask for it again."""

import platform
import subprocess
import sys

import pytest

REUSED = """
import resource
import numpy as np
{before}
for turn in range(20):
    if turn == 10:
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [np.ones(2**22) for _ in range(3)]  # 32 MiB each, freed in the next turn
    del blocks
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults)
"""


def faults(before):
    done = subprocess.run([sys.executable, "-c", REUSED.format(before=before)], check=True,
                          capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_freed_memory_is_used_again():
    kept = faults("from genimg_utils.training import memory; assert memory.keep()")
    assert kept < 100 < faults("")


def test_elsewhere_nothing_happens(monkeypatch):
    from genimg_utils.training import memory
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.keep() is False
