"""Lengths that numpy's Fourier transform is quick at."""

from functools import lru_cache


@lru_cache(maxsize=64)
def fast_length(n: int) -> int:
    """The least length of at least `n` samples (n >= 1) without a prime factor above 5."""
    best = 1 << max(n - 1, 0).bit_length()
    fives = 1
    while fives < best:
        threes = fives
        while threes < best:
            twos = -(-n // threes)
            best = min(best, threes << max(twos - 1, 0).bit_length())
            threes *= 3
        fives *= 5
    return best
