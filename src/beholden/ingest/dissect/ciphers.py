"""AES with keys that makers built into every device and that are published: what they hide is in the open."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB


def open_ecb(key: bytes, hidden: bytes) -> bytes:
    """Decrypt AES-ECB (NIST SP 800-38A) and take PKCS 7 padding off; ValueError where it does not fit."""
    opener = Cipher(AES(key), ECB()).decryptor()  # noqa: S305 - it is what devices speak
    plain = opener.update(hidden) + opener.finalize()
    padding = plain[-1]
    if not 1 <= padding <= 16 or plain[-padding:] != bytes([padding]) * padding:
        raise ValueError
    return plain[:-padding]


def open_gcm(key: bytes, nonce: bytes, hidden: bytes, head: bytes) -> bytes:
    """Decrypt AES-GCM (NIST SP 800-38D); ValueError where its tag does not fit."""
    try:
        return AESGCM(key).decrypt(nonce, hidden, head)
    except InvalidTag:
        raise ValueError from None
