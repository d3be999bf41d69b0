"""`seed_demo`: the demo clinic, its log-ins on standard output, one `<email> <password>` a line."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.errors import HeartSiteError
from heartsite.demo.clinic import clinician_of, require_no_real_clinic, seed_clinic
from heartsite.demo.patients import analyse_samples, seed_patients
from heartsite.demo.scale import seed_scale


class Command(BaseCommand):
    help = "Makes the demo clinic (or gives its people new passwords) and prints who may log in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scale", action="store_true", help="add 200 patients with 10,000 recordings")

    def handle(self, *args, **options) -> None:
        try:
            require_no_real_clinic()
            clinic, logins = seed_clinic()
            by = clinician_of(clinic)
            n_recordings = seed_patients(clinic=clinic, by=by)
            n_analysed = analyse_samples(clinic=clinic, by=by)
            if options["scale"]:
                n_recordings = seed_scale(clinic=clinic, by=by)
        except HeartSiteError as error:
            raise CommandError(error.message) from error
        if options["verbosity"]:
            self.stderr.write(f"{clinic.name}: {n_recordings} recordings, {n_analysed} analysed now.")
        for email, password in logins:
            self.stdout.write(f"{email} {password}")
