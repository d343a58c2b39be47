"""The parts of RFC 9420 that a reader of a chapter needs: GroupInfo, its signature, and the leaves of its tree."""

from cbor import bstr, decode, struct, tstr
from primitives import mls_vector, verify
from refused import require

SUITE = 83
RATCHET_TREE, EXTERNAL_PUB, CONSTITUTION = 2, 4, 0xF0C5


class _Bytes:
    def __init__(self, data):
        self.data = data
        self.at = 0

    @property
    def is_empty(self):
        return self.at == len(self.data)

    def take(self, count):
        require(count <= len(self.data) - self.at, "an MLS structure is cut off")
        piece = self.data[self.at : self.at + count]
        self.at += count
        return piece

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def vector(self):
        """RFC 9420, section 2.1.2."""
        first = self.number(1)
        prefix = first >> 6
        require(prefix < 3, "an MLS length is malformed")
        length = first & 0x3F
        for _ in range((1 << prefix) - 1):
            length = length << 8 | self.number(1)
        require(prefix == 0 or length >= (0, 64, 16384)[prefix], "an MLS length is not in its shortest form")
        return self.take(length)

    def list(self, read):
        inner = _Bytes(self.vector())
        found = []
        while not inner.is_empty:
            found.append(read(inner))
        return found


def _extension(data):
    return data.number(2), data.vector()


class GroupInfo:
    def __init__(self, encoded):
        data = _Bytes(encoded)
        require((data.number(2), data.number(2)) == (1, 4), "not an MLSMessage with a GroupInfo")
        start = data.at
        require((data.number(2), data.number(2)) == (1, SUITE), "another version or suite of MLS")
        self.group_id = data.vector()
        self.epoch = data.number(8)
        self.tree_hash = data.vector()
        self.transcript = data.vector()
        self.context_extensions = data.list(_extension)
        extensions = data.list(_extension)
        self.extensions = dict(extensions)
        require(len(self.extensions) == len(extensions), "an extension comes twice")
        data.vector()  # confirmation_tag: only a member can check it
        self.signer = data.number(4)
        signed = encoded[start : data.at]
        self.signature = data.vector()
        require(data.is_empty, "bytes after a GroupInfo")
        self.leaves = _leaves(self.extensions.get(RATCHET_TREE, b""))
        signer = self.leaves.get(self.signer)
        require(signer is not None, "the signer of a GroupInfo is no leaf")
        name = b"MLS 1.0 GroupInfoTBS"
        verify(signer.signature_key, mls_vector(name) + mls_vector(signed), self.signature, "a GroupInfo")


class Leaf:
    def __init__(self, data):
        self.encryption_key = data.vector()
        self.signature_key = data.vector()
        require(data.number(2) == 1, "a leaf has no basic credential")
        handle, device_id = struct(decode(data.vector()), 2)
        self.handle, self.device_id = tstr(handle, 324), bstr(device_id, 16)
        for _ in range(5):
            data.vector()  # capabilities
        source = data.number(1)
        if source == 1:
            data.take(16)  # lifetime
        elif source == 3:
            data.vector()  # parent_hash
        require(source in (1, 2, 3), "a leaf has no source")
        data.vector()  # extensions
        data.vector()  # signature


def _leaves(tree):
    data = _Bytes(tree)
    leaves = {}

    def node(inner):
        if inner.number(1) == 0:
            return None
        kind = inner.number(1)
        require(kind in (1, 2), "a node of the tree is neither leaf nor parent")
        if kind == 1:
            return Leaf(inner)
        for _ in range(3):
            inner.vector()  # encryption_key, parent_hash, unmerged_leaves
        return None

    for index, found in enumerate(data.list(node)):
        if isinstance(found, Leaf):
            leaves[index // 2] = found
    require(data.is_empty, "bytes after a tree")
    return leaves

