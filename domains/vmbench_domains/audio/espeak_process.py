"""The program of the child process that espeak-ng speaks in; :mod:`.espeak` starts it.

``espeak_process.py LIBRARY DATA`` reads one JSON list of utterances from stdin and writes, for
each, its number of samples (4 bytes, little-endian) and the samples (16-bit, native) to stdout.
It imports the standard library alone, so that it starts at once.
"""

import ctypes
import json
import signal
import struct
import sys

SAMPLE_RATE = 22_050
SEED = 1

# From espeak-ng's speak_lib.h.
AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
PARAMETER_RATE, PARAMETER_PITCH = 1, 3
POSITION_CHARACTER = 1
CHARS_UTF8 = 1
CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def main(library: str, data: str) -> None:
    """Speak the utterances on stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent, interrupted too, ends this process
    espeak = ctypes.CDLL(library)
    rate = espeak.espeak_Initialize(
        AUDIO_OUTPUT_SYNCHRONOUS, 0, data.encode(), INITIALIZE_DONT_EXIT
    )
    if rate != SAMPLE_RATE:
        raise SystemExit(f"espeak_Initialize answered {rate}, not {SAMPLE_RATE}")
    spoken = bytearray()

    def receive(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _: int | None) -> int:
        if samples and count > 0:
            spoken.extend(ctypes.string_at(samples, count * ctypes.sizeof(ctypes.c_short)))
        return 0

    callback = CALLBACK(receive)  # kept: espeak holds no reference to it
    espeak.espeak_SetSynthCallback(callback)
    # Breath and roughness are random. espeak seeds its own generator with the time; the C library's
    # rand(), which it calls as well, starts every process with the same seed.
    espeak.espeak_ng_SetRandSeed(ctypes.c_long(SEED))

    for voice, text, words_per_minute, pitch in json.load(sys.stdin):
        spoken.clear()
        encoded = text.encode()
        statuses = (
            espeak.espeak_SetVoiceByName(voice.encode()),
            espeak.espeak_SetParameter(PARAMETER_RATE, words_per_minute, 0),
            espeak.espeak_SetParameter(PARAMETER_PITCH, pitch, 0),
            espeak.espeak_Synth(
                encoded, len(encoded) + 1, 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None
            ),
        )
        if any(statuses) or not spoken:
            raise SystemExit(f"espeak-ng cannot say {text!r} as {voice}: statuses {statuses}")
        sys.stdout.buffer.write(struct.pack("<I", len(spoken) // 2) + spoken)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
