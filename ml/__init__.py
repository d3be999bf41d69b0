"""Heart-sound signal processing, training and inference: pure Python, no Django outside apps and management."""
