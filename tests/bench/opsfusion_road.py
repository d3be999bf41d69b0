"""The original system's road from a file to its two pictures, for comparison: librosa, Keras, matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

RATE_HZ = 8000
TRIM_DB = 20
DURATION_S = 5
N_FFT, HOP, N_MELS = 1024, 256, 128


def open_road() -> Callable[[Path], dict]:
    """Load the libraries and the network once, as the original server did; returns file -> result."""
    import librosa
    import librosa.display
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    from ml.nets import build_network

    # Weights do not change how long a network takes, so that no trained copy is needed here.
    model = build_network("opsfusion_cnn", (N_MELS, 1 + DURATION_S * RATE_HZ // HOP, 1))

    def draw(show: Callable[[], object]) -> bytes:
        figure = plt.figure(figsize=(10, 4))
        show()
        picture = io.BytesIO()
        figure.savefig(picture, format="png")
        plt.close(figure)
        return picture.getvalue()

    def read(path: Path) -> dict:
        samples, _ = librosa.load(path, sr=RATE_HZ, mono=True)
        samples, _ = librosa.effects.trim(samples, top_db=TRIM_DB)
        samples = librosa.util.normalize(samples)
        samples = librosa.util.fix_length(samples, size=DURATION_S * RATE_HZ)
        power = librosa.feature.melspectrogram(
            y=samples, sr=RATE_HZ, n_fft=N_FFT, hop_length=HOP, n_mels=N_MELS
        )
        decibels = librosa.power_to_db(power, ref=np.max)
        probability = float(model.predict(decibels[None, ..., None], verbose=0)[0, 0])
        wave = draw(lambda: librosa.display.waveshow(samples, sr=RATE_HZ))
        spectrogram = draw(
            lambda: librosa.display.specshow(
                decibels, sr=RATE_HZ, hop_length=HOP, x_axis="time", y_axis="mel"
            )
        )
        return {"probability": probability, "bytes_drawn": len(wave) + len(spectrogram)}

    return read
