"""Reads one transfer, from the protocol pages alone: read_transfer.py INPUT OUT

INPUT is a folder with input.json (a chapter key, the members' chains and the records of a stream, in hex) and chunks/, named by their hashes in hex.
The transfer's files are written below OUT when everything about it holds. What came of it is said as one line of JSON.
"""

import json
import os
import sys

from chain import read_chain
from chapter import Chapter
from refused import Refused, require
from transfer import Transfer, check_receipt, read_event

FILE, RECEIPT = 2, 3


def main(source, out):
    with open(os.path.join(source, "input.json"), encoding="utf-8") as file:
        given = json.load(file)
    chains = {
        handle: read_chain(handle, [bytes.fromhex(statement) for statement in statements])
        for handle, statements in given["chains"].items()
    }
    records = [(bytes.fromhex(record["recordId"]), bytes.fromhex(record["body"])) for record in given["records"]]
    number, retry = given["chapter"]["number"], given["chapter"]["retry"]
    key, previous_end = bytes.fromhex(given["chapter"]["key"]), bytes.fromhex(given["chapter"]["previousEnd"])
    chapter = Chapter(bytes.fromhex(given["space"]), number, retry, key, previous_end, records, chains)
    require(chapter.keys.sid.hex() == given["sid"], "the stream has another sid")

    def fetch(name):
        try:
            with open(os.path.join(source, "chunks", name.hex()), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise Refused("a chunk is missing")

    transfer = receipt = None
    for record in chapter.said:
        tag, inside = read_event(record.content)
        if tag == FILE and inside[0].hex() == given["transfer"]:
            transfer = Transfer(record, inside, fetch)
        elif tag == RECEIPT and transfer is not None and inside[0] == transfer.id and inside[1][0] == 2:
            receipt = check_receipt(chapter, record, inside, transfer)
    require(transfer is not None and receipt is not None, "the transfer, or its receipt, is not there")
    write_files(transfer.files, out)
    print(
        json.dumps(
            {
                "sender": transfer.sender,
                "recipient": receipt.recipient,
                "note": transfer.note,
                "files": [path for path, _ in transfer.files],
                "recordIds": [record_id.hex() for record_id, _ in records],
                "head": chapter.heads[-1].hex(),
                "context": chapter.context.hex(),
                "manifestHash": transfer.manifest_hash.hex(),
                "fingerprints": {handle: chain.fingerprint.hex() for handle, chain in chains.items()},
            }
        )
    )


def write_files(files, out):
    for path, content in files:
        target = os.path.join(out, *path.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "xb") as file:
            file.write(content)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        sys.exit(4)
