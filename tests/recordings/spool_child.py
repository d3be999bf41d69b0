"""Streams frames into a journal until it is killed, and prints what was acknowledged. For test_spool."""

import sys
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from recordings.protocol import Frame
from recordings.spool.store import Spool


def main() -> None:
    spool = Spool(Path(sys.argv[1]), interval_s=0.005, segment_bytes=200_000)
    takes = [UUID(text) for text in sys.argv[2:]]
    for take in takes:
        spool.begin(take)
    for seq in range(5000):
        value = (seq * 7919 % 30_000).to_bytes(2, "little")
        for take in takes:
            future = spool.append(take, Frame(1, seq, seq * 800, value * 800))
            if seq % 3 == 0:
                print(take, future.result().seq, flush=True)


if __name__ == "__main__":
    main()
