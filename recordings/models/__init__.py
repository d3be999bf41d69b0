from recordings.models.consent import Consent
from recordings.models.patient import Patient
from recordings.models.recording import Posture, Recording, Site
from recordings.models.session import Pairing, RecordingSession

__all__ = ["Consent", "Pairing", "Patient", "Posture", "Recording", "RecordingSession", "Site"]
