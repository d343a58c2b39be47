"""Labels and primitives of encoding.md."""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from refused import Refused, require

LABELS = {
    "statement": "identity statement",
    "statementHash": "identity statement hash",
    "keyPossession": "key possession",
    "createFingerprint": "create fingerprint",
    "connectionProof": "stream proof",
    "leaseToken": "lease token",
    "inboxCapability": "inbox capability",
    "streamId": "stream id",
    "recordId": "record id",
    "streamWrite": "stream write",
    "streamRead": "stream read",
    "streamOuter": "stream outer",
    "outerRecord": "outer record",
    "context": "context",
    "chapter": "chapter",
    "chapterRecords": "chapter records",
    "recordKey": "record key",
    "recordPlace": "record place",
    "recordSignature": "record signature",
    "head": "head",
    "constitution": "constitution",
    "operation": "operation",
    "part": "part",
    "blobContext": "blob",
    "chunkRoot": "chunk root",
    "leaseSecret": "lease secret",
    "manifest": "manifest",
    "receipt": "receipt",
}
ZEROS = bytes(32)


def label(name):
    return b"bulla/1 " + LABELS[name].encode() + b"\0"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u32(number):
    return number.to_bytes(4, "big")


def u64(number):
    return number.to_bytes(8, "big")


def hkdf(secret, salt, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def hkdf_expand_sha512(secret, info, length):
    return HKDFExpand(hashes.SHA512(), length, info).derive(secret)


def aes_seal(key, nonce, plaintext, associated_data=b""):
    return AESGCM(key).encrypt(nonce, plaintext, associated_data)


def aes_open(key, nonce, sealed, associated_data=b""):
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated_data)
    except (InvalidTag, ValueError):
        raise Refused("something does not open")


def same(one, other):
    return hmac.compare_digest(one, other)


def verify(public_key, message, signature, what):
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise Refused(f"the signature of {what} does not hold")


def public_key(seed):
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def sign(seed, message):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def mls_vector(data):
    """RFC 9420, section 2.1.2."""
    length = len(data)
    if length < 64:
        return bytes([length]) + data
    if length < 16384:
        return (0x4000 | length).to_bytes(2, "big") + data
    return (0x8000_0000 | length).to_bytes(4, "big") + data


def mls_exporter(exporter_secret, name, context, length):
    """RFC 9420, section 8.5, with the hash of the suite, SHA-512."""

    def expand_with_label(secret, text, about, size):
        text = b"MLS 1.0 " + text
        info = size.to_bytes(2, "big") + mls_vector(text) + mls_vector(about)
        return hkdf_expand_sha512(secret, info, size)

    derived = expand_with_label(exporter_secret, name, b"", 64)
    return expand_with_label(derived, b"exported", hashlib.sha512(context).digest(), length)
