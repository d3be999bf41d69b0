"""How much one file may ask of the decoder."""

MIN_DURATION_S = 1.0  # less than a heartbeat or two says nothing
MAX_DURATION_S = 600.0
MIN_RATE_HZ = 1_000  # heart sounds reach some 400 Hz
MAX_RATE_HZ = 192_000
CANONICAL_MAX_RATE_HZ = 48_000
MAX_DECIMATION = 8
# Mono or stereo. With more, nobody but the person who made the file knows which microphone lay on the chest.
MAX_CHANNELS = 2

BLOCK_FRAMES = 1 << 16

# libsndfile and FFmpeg beside numpy map 300 MB at most; the rest is room for one block and the codecs' tables.
MEMORY_BYTES = 768 * 1024 * 1024
# Ten minutes at 192 kHz take about 20 s on a slow core.
CPU_S = 40
# Generous: on a busy machine the CPU limit is the one that counts.
WALL_S = 120.0
OPEN_FILES = 64
