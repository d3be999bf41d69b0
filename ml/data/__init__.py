"""Reading the public recordings, splitting them by subject, and preparing what networks are trained on."""
