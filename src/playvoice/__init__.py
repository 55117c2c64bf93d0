"""PlayVoice: a self-hosted server for IVR voice notifications."""

__version__ = "0.1.0"
