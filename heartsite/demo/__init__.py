"""The demo clinic: people, patients and sound to try everything with, and a crowd of rows to measure with."""
