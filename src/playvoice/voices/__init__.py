"""Voices: a name or a URL becomes two files of G.711 that the media process plays.

A company's own files (:mod:`playvoice.voices.library`) and downloads (:mod:`playvoice.voices.downloads`) are
decoded once and kept on a shelf (:mod:`playvoice.voices.shelf`) until what they were made of changes."""

from playvoice.voices.library import apply
from playvoice.voices.refusals import Refusal, VoiceRefused
from playvoice.voices.voice import LibraryVoice, Voice, VoiceKind, VoiceRef, VoicesError, VoiceUnavailable, full_url
from playvoice.voices.voices import Voices

__all__ = [
    "LibraryVoice",
    "Refusal",
    "Voice",
    "VoiceKind",
    "VoiceRef",
    "VoiceRefused",
    "VoiceUnavailable",
    "Voices",
    "VoicesError",
    "apply",
    "full_url",
]
