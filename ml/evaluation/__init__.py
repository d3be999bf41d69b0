"""Judging models: figures, their intervals, calibration, plots and the model card."""
