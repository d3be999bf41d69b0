"""What an installation needs, tried one by one: `manage.py selfcheck`."""
