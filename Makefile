# One line a target; the work is in .ci/ and manage.py, so that it can be called without make too.
.PHONY: run test check bench setup

run:
	@python3 .ci/install.py serve && exec .venv/bin/python manage.py serve --demo

test:
	@python3 .ci/test.py

check:
	@python3 .ci/check.py

bench:
	@python3 .ci/install.py dev && .venv/bin/python -m tests.bench

setup:
	@python3 .ci/install.py train && echo "Everything is installed. Train with: .venv/bin/python manage.py train_model --help"
