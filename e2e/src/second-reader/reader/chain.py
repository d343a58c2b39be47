"""identity.md: an account's chain, verified whole."""

from cbor import array, bstr, decode, encode, struct, tstr, uint, variant, versioned
from primitives import ZEROS, label, sha256, verify
from refused import require


class Device:
    def __init__(self, keys, since):
        self.id, self.chain_key, self.record_key, self.request_key, self.leaf_key, self.inbox_key = keys
        self.keys = keys
        self.since = since
        self.suspended_from = None

    def is_active(self, position):
        return self.since <= position and (self.suspended_from is None or position < self.suspended_from)


class Chain:
    def __init__(self, handle, statements):
        self.handle = handle
        self.hashes = []
        self.devices = {}
        self.used = set()
        require(1 <= len(statements) <= 1024, "a chain has 1 to 1024 links")
        for statement in statements:
            self._extend(statement)
        self.fingerprint = sha256(label("createFingerprint"), statements[0])

    @property
    def position(self):
        return len(self.hashes)

    def device_at_pin(self, device_id, pin):
        """The device, active at a pin of this chain."""
        position, link = uint(struct(pin, 2)[0], 1024), bstr(pin[1], 32)
        require(1 <= position <= self.position and self.hashes[position - 1] == link, "a pin is not in the chain")
        device = self.devices.get(device_id)
        require(device is not None and device.is_active(position), "a device is not active at its pin")
        return device

    def _extend(self, signed):
        statement, signer, signature = struct(decode(signed), 3)
        bstr(statement, 1, 4096), bstr(signer, 16), bstr(signature, 64)
        _, index, previous, day, body = versioned(decode(statement), 5)
        position = self.position
        require(uint(index, 1023) == position, "a statement is not the next one")
        require(bstr(previous, 32) == (self.hashes[-1] if self.hashes else ZEROS), "a statement follows another one")
        uint(day, 10_000_000)
        kind, inside = variant(body)
        require(kind in (1, 2, 3), "a statement has no rules yet")
        require((kind == 1) == (position == 0), "create comes first and only there")
        certificate = None
        if kind == 1:
            handle, certificate = struct(inside, 2)
            require(tstr(handle, 324) == self.handle, "the chain is another account's")
            require(struct(struct(certificate, 2)[0], 6)[0] == signer, "create is signed by its device")
            chain_key = bstr(certificate[0][1], 32)
        else:
            author = self.devices.get(signer)
            require(author is not None and author.is_active(position), "the signer is not active")
            chain_key = author.chain_key
        verify(chain_key, label("statement") + signer + statement, signature, "a statement")
        if kind == 2:
            (certificate,) = struct(inside, 1)
        active = [device for device in self.devices.values() if device.is_active(position)]
        if certificate is not None:
            require(len(active) < 32, "too many devices")
            self._add(certificate, position + 1)
        else:
            (gone,) = struct(inside, 1)
            require(bstr(gone, 16) in [device.id for device in active] and len(active) > 1, "nothing to revoke")
            self.devices[gone].suspended_from = position + 1
        self.hashes.append(sha256(label("statementHash"), signed))

    def _add(self, certificate, since):
        keys, possession = struct(certificate, 2)
        struct(keys, 6)
        for key, size in zip(keys, (16, 32, 32, 32, 32, 1216)):
            bstr(key, size)
        require(len(set(keys)) == 6 and not self.used.intersection(keys), "a key is used twice")
        message = label("keyPossession") + self.handle.encode() + b"\0" + encode(keys)
        for key, proof in zip(keys[1:5], struct(possession, 4)):
            verify(key, message, bstr(proof, 64), "a key's possession")
        self.used.update(keys)
        self.devices[keys[0]] = Device(keys, since)


def read_chain(handle, statements):
    return Chain(handle, array(statements, 1024))
