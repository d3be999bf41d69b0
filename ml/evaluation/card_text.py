"""The model card's words that no figure decides: scope, data, and what every table leaves open."""

SCOPE = """\
## What it is for

A second opinion for a qualified person who listens to a heart-sound recording of an adult. It is research software, not
a medical device. It says whether a recording resembles those labelled abnormal; it names no lesion and excludes none.

## What it learnt from

{description}: {recordings:,} recordings of {subjects:,} subjects (SHA-256 of the record list `{sha256}`). They were
made with 2 kHz electronic stethoscopes and similar sensors at six sites, mostly of adults. Each database is one device,
one site and one mix of patients. **"Abnormal" is a patient's label, not an audible finding**: many abnormal recordings
are of coronary artery disease, innocent murmurs or valve prolapse. Everything above 1 kHz is unknown to the model.

Beside them it learnt from murmurs made by rule (`ml/data/murmurs.py`): noise in one part of each heart cycle, laid over
recordings labelled normal and taught as abnormal. No figure here was measured on one.

## What it is not

It was never judged on recordings of a phone's built-in microphone: **accuracy on phones is not established**. It was
not made for children, for prosthetic valves, or for lung sounds. A Normal does not rule out heart disease.
"""

READING_THE_TABLES = """\
## How to read the tables

- *Forced*: every recording is called normal or abnormal. *Three-way*: unsure is allowed; it counts as right on a
  recording that the official REFERENCE-SQI rates noisy and as wrong on a usable one. *Answered* is the share that got
  a Normal or Abnormal; Se and Sp beside it are of those. In folds and left-out databases unsure is the band alone; in
  the stress tables it includes the software's quality check.
- *Challenge* is the 2016 challenge's own score: MAcc weighted by how many recordings of a label are rated noisy.
- *Macro a, b, d, f* leaves out e, whose labels are written in its recording chain, and c, which is too small; both are
  shown.
- *Per subject*: the mean of the log odds over a subject's recordings; subjects who carry both labels are left out. All
  normal recordings of a are under such ids, so that a has no figure.
- *ECE* is the expected calibration error over 15 bins. *ECE, own share* repeats it after the odds were moved to that
  database's own share of abnormal recordings, as a clinic that states its prevalence would.
- Intervals are 95 %, by resampling subjects within each database. *Shift* is the mean change of the log odds.
"""

LIMITS = """\
## What these figures leave open

- **Segmentation.** The heart-cycle model was fitted on the sounds of training-a with the R peaks of their ECG, on all
  subjects of a at once, and is shared by every fold and by the models without a. No normal/abnormal label went into
  it. What it means: on a, and only there, cycles may be found a little better than on unseen recordings, in the folds
  as with a left out. Its own accuracy on unseen subjects of a stands above, from fits on half of the subjects.
- **Quality index.** It was fitted on all subjects with the official quality ratings. It takes no part in the tables of
  folds and left-out databases; in the stress tables' three-way columns it does, on recordings it has seen. Its figures
  on unseen subjects stand above and in [quality-index.md](quality-index.md).
- **The recipe.** Features, networks, augmentation and the number of training steps were developed while looking at
  figures of all six databases ([experiments.md](experiments.md)). Nesting keeps the choices of calibration and
  thresholds inside the other databases; it cannot take back what was learnt by looking.
- **Subjects.** Ids of a, b and e are reconstructed; c, d and f count each recording as a subject. The figures of
  left-out databases do not depend on them, but their intervals do.
"""

SEGMENTATION_NOTE = """\
Fitted on one half of the subjects whose ECG gives a reliable reference, judged on the other half, both ways
({left_out} recordings have no such ECG); a recording without an answer is a miss.
"""

IN_SAMPLE_HEART_RATE = """\
The released segmentation, which learnt from these recordings ({recordings} with a reliable ECG, {left_out} without):
not a figure of unseen subjects.
"""
