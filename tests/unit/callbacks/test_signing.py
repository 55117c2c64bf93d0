import base64
import hmac

import pytest

from playvoice.callbacks.errors import SigningSecretError
from playvoice.callbacks.signing import signed_headers


def test_the_signature_is_that_of_the_published_example_of_standard_webhooks() -> None:
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_key_without_padding_is_read() -> None:
    key = b"a key of twenty-five byte"
    secret = "whsec_" + base64.b64encode(key).decode().rstrip("=")
    expected = base64.b64encode(hmac.digest(key, b"id.7.body", "sha256")).decode()
    assert signed_headers(secret, "id", 7, b"body")["webhook-signature"] == f"v1,{expected}"


def test_without_a_secret_there_is_an_id_and_no_signature() -> None:
    assert signed_headers(None, "id", 7, b"") == {"webhook-id": "id", "webhook-timestamp": "7"}


@pytest.mark.parametrize("secret", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_a b", "whsec_é", "whsec_a"])
def test_a_secret_that_is_none_is_refused_without_being_told(secret: str) -> None:
    with pytest.raises(SigningSecretError) as caught:
        signed_headers(secret, "id", 7, b"")
    assert len(secret) < 10 or secret not in str(caught.value)
