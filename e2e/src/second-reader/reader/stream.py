"""streams.md and spaces.md: keys of a stream, heads, and what is inside a record."""

from cbor import bstr, decode, encode, struct, tstr, uint
from primitives import (
    ZEROS,
    aes_open,
    hkdf,
    label,
    public_key,
    same,
    sha256,
    u32,
    u64,
    verify,
)
from refused import require

LASTING, FLEETING, PART, CLOSING, OPENING, COMPLAINT = range(1, 7)
NO_NONCE = bytes(12)


class StreamKeys:
    def __init__(self, chapter_key, retry):
        def derive(name):
            return hkdf(chapter_key, ZEROS, label(name) + u32(retry), 32)

        self.write_seed = derive("streamWrite")
        self.write_key = public_key(self.write_seed)
        self.read_secret = derive("streamRead")
        self.outer_key = derive("streamOuter")
        self.record_secret = derive("chapterRecords")
        self.sid = sha256(label("streamId"), b"\x01", self.write_key, sha256(self.read_secret))


def first_head(context, retry, previous_end):
    return sha256(label("head"), context, u32(retry), previous_end)


def next_head(head, record_id, body):
    return sha256(label("head"), head, record_id, sha256(body))


def unwrap(keys, record_id, body):
    """The kind of a record and what is sealed in it."""
    require(len(body) in (1024, 4096, 16384) and len(record_id) == 16, "a record has another size")
    key = hkdf(keys.outer_key, record_id, label("outerRecord"), 32)
    inner = aes_open(key, NO_NONCE, body, keys.sid + record_id)
    require(sha256(label("recordId"), keys.sid, inner)[:16] == record_id, "a record has another id")
    kind, length = inner[0], int.from_bytes(inner[1:5], "big")
    require(length <= len(inner) - 5 and not any(inner[5 + length :]), "a record is not padded with zeros")
    smallest = next((size for size in (1024, 4096, 16384) if 5 + length + 16 <= size), 0)
    require(len(body) == smallest and LASTING <= kind <= COMPLAINT, "a record is not of the smallest size, or unknown")
    return kind, inner[5 : 5 + length]


def open_seal(keys, space, number, retry, kind, sealed):
    require(len(sealed) >= 80, "a seal is cut off")
    salt, commitment, ciphertext = sealed[:32], sealed[32:64], sealed[64:]
    okm = hkdf(keys.record_secret, salt, label("recordKey"), 64)
    require(same(okm[32:], commitment), "something does not open")
    place = label("recordPlace") + space + u64(number) + u32(retry) + bytes([kind])
    return aes_open(okm[:32], NO_NONCE, ciphertext, place)


class SignedRecord:
    def __init__(self, plaintext, kind):
        claims, self.content, self.signature = struct(decode(plaintext), 3)
        bstr(self.content, 0, 16363), bstr(self.signature, 64)
        author, counter, seen, head = struct(claims, 4)
        self.handle, self.device_id = tstr(struct(author, 2)[0], 324), bstr(author[1], 16)
        self.claims, self.kind = claims, kind
        self.counter, self.seen, self.head = uint(counter, 2**32 - 1), uint(seen), bstr(head, 32)

    def check_signature(self, key, context, space, number, retry):
        place = [context, space, number, retry, self.kind, self.claims, sha256(self.content)]
        verify(key, label("recordSignature") + encode(place), self.signature, "a record")
