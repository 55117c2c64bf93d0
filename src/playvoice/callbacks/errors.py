"""The exceptions of this room."""


class CallbacksError(Exception):
    """Base of every error that `playvoice.callbacks` raises."""


class SigningSecretError(CallbacksError):
    """A signing secret that is not `whsec_` and base64; its text is not repeated."""
