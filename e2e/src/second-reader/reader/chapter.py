"""spaces.md: a chapter, read from its chapter key and the records of its stream."""

from cbor import array, bstr, decode, encode, struct, tstr, uint, versioned
from group_info import CONSTITUTION, EXTERNAL_PUB, GroupInfo
from primitives import label, sha256
from refused import Refused, require
from stream import (
    FLEETING,
    LASTING,
    OPENING,
    PART,
    SignedRecord,
    StreamKeys,
    first_head,
    next_head,
    open_seal,
    unwrap,
)

ROLES = ("owner", "admin", "member", "reader", "guest")


class Constitution:
    def __init__(self, encoded):
        self.hash = sha256(label("constitution"), encoded)
        fields = versioned(decode(encoded), 9)
        _, self.space, self.number, self.kind, suite, self.home, policy, members, log_size = fields
        bstr(self.space, 16), uint(self.number), tstr(self.home, 260)
        require(self.kind in ("self", "direct", "group") and suite == 83 and log_size is None, "another constitution")
        versioned(policy, 4)
        self.members = {}
        for handle, role, since, pin, devices in (struct(member, 5) for member in array(members, 1000)):
            require(role in ROLES and uint(since) <= self.number, "a member has no role")
            require(1 <= len(array(devices, 32)), "a member has no device")
            self.members[tstr(handle, 324)] = (role, pin, [bstr(device, 16) for device in devices])
        require(list(self.members) == sorted(self.members) and len(self.members) == len(members), "members out of order")


class Chapter:
    """Every record, in order, opened and verified. The chains of all members have to be known."""

    def __init__(self, space, number, retry, key, previous_end, records, chains):
        self.space, self.number, self.retry, self.previous_end = space, number, retry, previous_end
        self.keys = StreamKeys(key, retry)
        self.chains = chains
        opened = [self._open(record_id, body) for record_id, body in records]
        self.pieces = {record_id: inside for (record_id, _), (kind, inside) in zip(records, opened) if kind == PART}
        self._take_opening([inside for kind, inside in opened if kind == OPENING])
        self.heads = [first_head(self.context, retry, previous_end)]
        self.said = []
        counters, seen = {}, {}
        for (record_id, body), (kind, inside) in zip(records, opened):
            if kind not in (PART, FLEETING):
                self._check(inside, counters, seen)
                if kind == LASTING:
                    self.said.append(inside)
            self.heads.append(next_head(self.heads[-1], record_id, body))

    def _open(self, record_id, body):
        kind, sealed = unwrap(self.keys, record_id, body)
        if kind == FLEETING:
            return kind, sealed
        plaintext = open_seal(self.keys, self.space, self.number, self.retry, kind, sealed)
        return kind, plaintext if kind == PART else SignedRecord(plaintext, kind)

    def _object(self, reference):
        name, records = struct(reference, 2)
        pieces = [self.pieces.get(bstr(record, 16)) for record in array(records, 512)]
        require(None not in pieces, "a part is missing")
        found = b"".join(pieces)
        require(sha256(label("part"), found) == bstr(name, 32), "a part is another one")
        return found

    def _take_opening(self, openings):
        """The first valid one counts."""
        last = Refused("there is no opening")
        for record in openings:
            try:
                return self._try_opening(record)
            except Refused as refused:
                last = refused
        raise last

    def _try_opening(self, record):
        group_info, constitution, previous_end = struct(decode(record.content), 3)
        require(bstr(previous_end, 32) == self.previous_end, "an opening follows another stream")
        info = GroupInfo(self._object(group_info))
        self.constitution = Constitution(self._object(constitution))
        require(info.group_id == self.space == self.constitution.space, "an opening is of another space")
        require(info.epoch == self.number == self.constitution.number, "an opening is of another chapter")
        require(info.extensions.get(CONSTITUTION) == self.constitution.hash, "an opening has another constitution")
        require(EXTERNAL_PUB in info.extensions, "an opening has no external_pub")
        context = [self.space, self.number, info.transcript, self.constitution.hash]
        self.context = sha256(label("context"), encode(context))
        wanted = {(handle, device) for handle, (_, _, devices) in self.constitution.members.items() for device in devices}
        leaves = [(leaf.handle, leaf.device_id) for leaf in info.leaves.values()]
        require(set(leaves) == wanted and len(leaves) == len(wanted), "the leaves are not the members' devices")
        for leaf in info.leaves.values():
            require(self.device(leaf.handle, leaf.device_id).leaf_key == leaf.signature_key, "a leaf key is not certified")
        self._check_signature(record)

    def device(self, handle, device_id):
        """A device that the constitution counts, at its account's pin."""
        require(handle in self.constitution.members, "an author is no member")
        _, pin, devices = self.constitution.members[handle]
        require(device_id in devices and handle in self.chains, "an author is no device of a member")
        return self.chains[handle].device_at_pin(device_id, pin)

    def _check_signature(self, record):
        key = self.device(record.handle, record.device_id).record_key
        record.check_signature(key, self.context, self.space, self.number, self.retry)

    def _check(self, record, counters, seen):
        self._check_signature(record)
        author = (record.handle, record.device_id)
        require(record.counter == counters.get(author, 0), "a record is repeated, or one is missing")
        require(record.seen >= seen.get(author, 0), "an author has seen less than before")
        require(record.seen < len(self.heads) and self.heads[record.seen] == record.head, "an author saw another stream")
        if record.kind == LASTING:
            require(self.constitution.members[record.handle][0] != "reader", "a reader has spoken")
        counters[author], seen[author] = record.counter + 1, record.seen
