"""Training: configuration, the loop, the ensemble's members. Networks and Keras are imported inside functions."""
