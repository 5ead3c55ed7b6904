"""Where the decibels of a spectrogram end: constants that need no torch."""

import math

from vmbench.data.dataset import Silence

LEAST_POWER = 1e-10  # that decibels are cut at, so that digital silence is finite
TOP_DB = 80.0  # below the loudest bin of a clip, that its quieter bins are raised to

# Of a log-mel spectrogram as :class:`~vmbench_domains.audio.logmel.LogMel` makes it.
SILENCE = Silence(level=10 * math.log10(LEAST_POWER), below_peak=TOP_DB)
