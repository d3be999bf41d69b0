import subprocess
import sys


def test_reading_uses_one_blas_thread(tiny_dir):
    """In a fresh interpreter, because the limit stays for the life of the process."""
    code = (
        "from pathlib import Path\nfrom threadpoolctl import threadpool_info\nfrom ml.inference import load_predictor\n"
        f"load_predictor(Path({str(tiny_dir)!r}))\n"
        "print(*[library['num_threads'] for library in threadpool_info() if library['user_api'] == 'blas'])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(result.stdout.split()) == {"1"}
