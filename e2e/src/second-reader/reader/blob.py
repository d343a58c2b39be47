"""blobs.md: references, padding, Cobblestone segments and chunks."""

from cbor import array, bstr, struct, uint
from primitives import aes_open, aes_seal, hkdf_expand_sha512, label, same, sha256, u64
from refused import require

SEGMENT = 16384
CHUNK = 4 * 1024 * 1024
FLOOR = 65536
MAX_BLOB = 2**40


def padme(length):
    e = length.bit_length() - 1
    s = e.bit_length()
    unit = 1 << (e - s)
    return -(-length // unit) * unit


def total_of(size):
    total = padme(max(56 + size + 16 * (size // SEGMENT + 1), FLOOR))
    while (total - 56) % (SEGMENT + 16) < 16:
        total = padme(total + 1)
    return total


def padded_size(total):
    """The one length whose ciphertext takes that total."""
    whole, rest = divmod(total - 56, SEGMENT + 16)
    return whole * SEGMENT + rest - 16


def segment_keys(key, salt):
    context = label("blobContext") + b"\x01"
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM" + b"\0" + salt + context
    okm = hkdf_expand_sha512(key, info, 76)
    return okm[:32], okm[32:44], okm[44:76]


def nonce_of(base, index):
    return (int.from_bytes(base, "big") ^ index).to_bytes(12, "big")


def seal(key, salt, plaintext):
    """For the worked example."""
    aes_key, base, commitment = segment_keys(key, salt)
    padded = plaintext + bytes(padded_size(total_of(len(plaintext))) - len(plaintext))
    sealed = [salt + commitment]
    for index in range(len(padded) // SEGMENT + 1):
        segment = padded[SEGMENT * index : SEGMENT * (index + 1)]
        sealed.append(aes_seal(aes_key, nonce_of(base, index), segment))
    return b"".join(sealed)


def chunk_root(hashes):
    return sha256(label("chunkRoot"), u64(len(hashes)), *hashes)


class BlobReference:
    def __init__(self, value):
        scheme, self.key, size, self.plaintext_hash, root, chunks = struct(value, 6)
        require(scheme == 1, "another scheme of blobs")
        bstr(self.key, 32), bstr(self.plaintext_hash, 32), bstr(root, 32)
        self.size = uint(size, MAX_BLOB)
        self.chunks = [bstr(chunk, 32) for chunk in array(chunks, 262_144)]
        self.total = total_of(self.size)
        require(self.total <= MAX_BLOB and len(self.chunks) == -(-self.total // CHUNK), "another number of chunks")
        require(chunk_root(self.chunks) == root, "the root is of other chunks")


def open_blob(reference, fetch):
    """The plaintext, whole. `fetch` gives a chunk by its hash."""
    pieces = []
    for index, name in enumerate(reference.chunks):
        chunk = fetch(name)
        size = min(CHUNK, reference.total - index * CHUNK)
        require(len(chunk) == size and sha256(chunk) == name, "a chunk is another one")
        pieces.append(chunk)
    ciphertext = b"".join(pieces)
    salt, commitment = ciphertext[:24], ciphertext[24:56]
    aes_key, base, expected = segment_keys(reference.key, salt)
    require(same(commitment, expected), "something does not open")
    plaintext = []
    for index, at in enumerate(range(56, len(ciphertext), SEGMENT + 16)):
        plaintext.append(aes_open(aes_key, nonce_of(base, index), ciphertext[at : at + SEGMENT + 16]))
    padded = b"".join(plaintext)
    found, padding = padded[: reference.size], padded[reference.size :]
    require(len(padded) == padded_size(reference.total) and not any(padding), "a blob is not padded with zeros")
    require(sha256(found) == reference.plaintext_hash, "a blob has other contents")
    return found
