"""Multipart forms with files, as clients write them."""

BOUNDARY = "------------------------d74496d66958873e"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"

Part = tuple[str, str] | tuple[str, str, bytes]
"""A field's name and value; or a file's field, its own name, and its octets."""


def form(*parts: Part) -> bytes:
    """Write a form, its parts in this order."""
    body = b""
    for part in parts:
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part[0]}"'.encode()
        if len(part) == 2:
            body += f"\r\n\r\n{part[1]}\r\n".encode()
        else:
            body += f'; filename="{part[1]}"\r\nContent-Type: audio/mpeg\r\n\r\n'.encode() + part[2] + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def pieces(body: bytes, size: int) -> list[bytes]:
    """Cut a body into pieces of a size."""
    return [body[start : start + size] for start in range(0, len(body), size)]
