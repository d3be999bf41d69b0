"""One thread for linear algebra in a process that works through recordings one by one.

numpy's BLAS starts a thread per core and lets them spin between calls. On the small matrices of one recording that
more than doubles the CPU time (127 against 54 ms, 2 cores) and takes it from the other phones' captures.
"""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1)
def use_one_thread() -> None:
    """Limit the BLAS libraries loaded so far, for the rest of the process; safe to call often."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")
