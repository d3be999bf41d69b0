"""Everything `manage.py serve` is made of; the command itself only translates arguments."""
