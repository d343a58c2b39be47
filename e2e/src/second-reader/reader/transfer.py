"""What a transfer's events say: files, blobs and the receipt."""

from blob import BlobReference, open_blob
from cbor import array, bstr, decode, encode, struct, tstr, uint, variant, versioned
from primitives import label, sha256, verify
from refused import require

NESTING = 12
MANY = 8_000_000


def read_event(content):
    """Tag and fields of an event's body."""
    event = versioned(decode(content, NESTING, MANY), 8)
    bstr(event[1], 16)
    return variant(event[7])


def read_manifest(value):
    _, files = versioned(value, 2)
    read = []
    for path, size, digest in (struct(file, 3) for file in array(files, 1_000_000)):
        names = tstr(path, 4096).split("/")
        require(not {"", ".", ".."}.intersection(names) and "\0" not in path, "a path leads elsewhere")
        read.append((path, uint(size, 2**40), bstr(digest, 32)))
    return read


class Transfer:
    """A file event, its files fetched, opened and compared."""

    def __init__(self, record, inside, fetch):
        transfer_id, note, host, expiry_day, place = struct(inside, 5)
        self.id = bstr(transfer_id, 16)
        self.sender = record.handle
        self.note = None if note is None else tstr(note, 8192)
        require(tstr(host, 260) == record.handle.split("@", 1)[1], "the event names another host")
        uint(expiry_day, 10_000_000)
        tag, (value,) = variant(place)
        require(tag in (1, 2), "a transfer travels inline or as a blob")
        encoded = bstr(value, 0, 8192) if tag == 1 else open_blob(BlobReference(value), fetch)
        _, own_id, manifest, blobs = versioned(decode(encoded, 8, MANY), 4)
        require(own_id == self.id, "a transfer has another id")
        self.manifest_hash = sha256(label("manifest"), encode(manifest))
        self.files = []
        rest = read_manifest(manifest)
        for count, reference in (struct(blob, 2) for blob in array(blobs, 1_000_000)):
            here, rest = rest[: uint(count)], rest[count:]
            require(len(here) == count, "a blob holds files that nobody names")
            self._split(here, open_blob(BlobReference(reference), fetch))
        require(rest == [], "files have no blob")

    def _split(self, files, plaintext):
        require(sum(size for _, size, _ in files) == len(plaintext), "files do not fill their blob")
        at = 0
        for path, size, digest in files:
            content = plaintext[at : at + size]
            require(sha256(content) == digest, "a file has other contents")
            self.files.append((path, content))
            at += size


def check_receipt(chapter, record, inside, transfer):
    """receipts.md: a device of the recipient holds exactly these bytes."""
    transfer_id, state = struct(inside, 2)
    require(bstr(transfer_id, 16) == transfer.id, "a receipt is for another transfer")
    tag, fields = variant(state)
    require(tag == 2, "this is no receipt")
    statement, signature = struct(struct(fields, 1)[0], 2)
    chain = chapter.chains[record.handle]
    device = read_receipt(statement, signature, chain, transfer.manifest_hash, transfer.id)
    require(device.sender == transfer.sender, "a receipt is for another sender")
    return device


class Receipt:
    pass


def read_receipt(statement, signature, chain, manifest_hash, transfer_id):
    fields = versioned(decode(bstr(statement, 1, 2048)), 8)
    _, own_id, manifest, sender, recipient, device_id, pin, day = fields
    require(own_id == transfer_id and manifest == manifest_hash, "a receipt is for other files")
    require(recipient == chain.handle, "a receipt is by another account")
    device = chain.device_at_pin(bstr(device_id, 16), pin)
    verify(device.record_key, label("receipt") + statement, bstr(signature, 64), "a receipt")
    receipt = Receipt()
    receipt.sender, receipt.recipient, receipt.device_id, receipt.day = sender, recipient, device_id, uint(day)
    return receipt
