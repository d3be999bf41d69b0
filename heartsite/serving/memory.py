"""Keeps the process small: few malloc arenas, and free pages given back once a lot has been loaded."""

from __future__ import annotations

import ctypes
import gc
import sys

M_ARENA_MAX = -8
ARENAS = 2


def limit_arenas() -> None:
    """Let all threads share two arenas. By default glibc gives each thread its own, and each keeps its free pages."""
    if mallopt := _glibc("mallopt"):
        mallopt(M_ARENA_MAX, ARENAS)


def return_free_memory() -> None:
    """Ask glibc to hand its free pages back: importing a thousand modules leaves 10 MB of them behind.

    What is left by now is there for good, so the garbage collector need not walk through it again, nor at the
    end, which took a second and more.
    """
    gc.collect()
    gc.freeze()
    if trim := _glibc("malloc_trim"):
        trim(0)


def _glibc(name: str):
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
