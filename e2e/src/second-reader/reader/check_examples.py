"""Recomputes the worked examples: check_examples.py DOCS/protocol

Not the one of an invitation: opening it needs X-Wing, which Debian's python3-cryptography does not have.
"""

import json
import os
import re
import sys

from blob import BlobReference, chunk_root, open_blob, padded_size, seal, total_of
from cbor import decode, encode, struct, versioned
from chain import read_chain
from chapter import Chapter, Constitution
from primitives import hkdf, label, mls_exporter, sha256, verify
from refused import require
from stream import StreamKeys, first_head, next_head
from transfer import read_event, read_manifest, read_receipt


def load(folder, name):
    with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
        return json.load(file)


def unhex(text):
    return bytes.fromhex(text)


def equal(found, wanted, what):
    found = found.hex() if isinstance(found, bytes) else found
    require(found == wanted, f"{what} is {found}, the example says {wanted}")


def check_chapter(example):
    space, number, retry = unhex(example["space"]), example["number"], example["retry"]
    constitution_hash = unhex(example["constitutionHash"])
    context = sha256(label("context"), encode([space, number, unhex(example["transcript"]), constitution_hash]))
    equal(context, example["context"], "context")
    key = mls_exporter(unhex(example["exporterSecret"]), b"bulla/1 chapter", context, 32)
    equal(key, example["chapterKey"], "chapterKey")
    keys = StreamKeys(key, retry)
    equal(keys.write_seed, example["writeSeed"], "writeSeed")
    equal(keys.write_key, example["writeKey"], "writeKey")
    equal(keys.read_secret, example["readSecret"], "readSecret")
    equal(keys.outer_key, example["outerKey"], "outerKey")
    equal(keys.record_secret, example["recordSecret"], "recordSecret")
    equal(keys.sid, example["sid"], "sid")
    equal(first_head(context, retry, unhex(example["previousEnd"])), example["firstHead"], "firstHead")


def check_spaces(example):
    device = example["device"]
    chain = read_chain(device["handle"], [unhex(device["firstStatement"])])
    equal(chain.hashes[0], example["pin"]["hash"], "pin.hash")
    equal(chain.devices[unhex(device["deviceId"])].record_key, device["recordKey"], "recordKey")
    check_chapter(example["chapter0"])
    check_chapter(example["chapter1"])

    first = example["chapter0"]
    note, closing = example["note"], example["closing"]
    rows = [*example["opening"]["records"], note, *closing["parts"], closing]
    records = [(unhex(row["recordId"]), unhex(row["body"])) for row in rows]
    key, end = unhex(first["chapterKey"]), unhex(first["previousEnd"])
    chapter = Chapter(unhex(first["space"]), 0, 0, key, end, records, {device["handle"]: chain})
    equal(chapter.context, first["context"], "the context from the opening")
    equal(chapter.constitution.hash, first["constitutionHash"], "the constitution of the opening")
    equal(chapter.heads[note["position"]], example["opening"]["headAfter"], "opening.headAfter")
    equal(chapter.heads[note["position"] + 1], note["headAfter"], "note.headAfter")
    equal(chapter.heads[-1], closing["previousEnd"], "closing.previousEnd")
    (said,) = chapter.said
    equal(said.content, note["event"], "note.event")
    require(read_event(said.content) == (1, ["hello"]), "the note says something else")

    operation = example["operation"]
    author = encode([device["handle"], unhex(device["deviceId"])])
    message = label("operation") + author + unhex(operation["bytes"])
    verify(unhex(device["recordKey"]), message, unhex(operation["signature"]), "an operation")
    _, space, basis, _ = versioned(decode(unhex(operation["bytes"])), 4)
    equal(space, first["space"], "the operation's space")
    equal(basis, first["constitutionHash"], "the operation's basis")


def check_blobs(example):
    plaintext, key, salt = unhex(example["plaintext"]), unhex(example["key"]), unhex(example["salt"])
    sealed = seal(key, salt, plaintext)
    plan = example["plan"]
    equal(total_of(len(plaintext)), plan["total"], "plan.total")
    equal(padded_size(plan["total"]), plan["paddedSize"], "plan.paddedSize")
    equal(len(sealed), plan["total"], "the length of the ciphertext")
    equal(sealed[:56], example["header"], "header")
    equal(sealed[: len(example["firstBytes"]) // 2], example["firstBytes"], "firstBytes")
    chunk = sha256(sealed)
    equal(chunk, example["chunkHash"], "chunkHash")
    equal(chunk_root([chunk]), example["root"], "root")
    lease = example["lease"]
    equal(hkdf(unhex(lease["secret"]), chunk, label("leaseSecret"), 32), lease["token"], "lease.token")
    _, _, manifest, blobs = versioned(decode(unhex(example["transfer"])), 4)
    ((_, size, digest),) = read_manifest(manifest)
    require(size == len(plaintext) and digest == sha256(plaintext), "the manifest is of other files")
    ((count, reference),) = (struct(blob, 2) for blob in blobs)
    opened = open_blob(BlobReference(reference), lambda name: {chunk: sealed}[name])
    require(count == 1 and opened == plaintext, "the blob opens to something else")
    for name, total in example["totals"].items():
        equal(total_of(int(name.removeprefix("size "))), total, f"totals.{name}")


def check_receipts(example):
    first, body = unhex(example["file"]).split(b"\n", 1)
    require(first == b"bulla-receipt-1", "a receipt file begins otherwise")
    _, (statement, signature), manifest, statements = versioned(decode(body, 8, 8_000_000), 4)
    equal(statement, example["statement"], "statement")
    equal(signature, example["signature"], "signature")
    read_manifest(manifest)
    manifest_hash = sha256(label("manifest"), encode(manifest))
    equal(manifest_hash, example["manifestHash"], "manifestHash")
    _, transfer_id, _, _, recipient, device_id, _, _ = versioned(decode(statement), 8)
    chain = read_chain(recipient, statements)
    equal(chain.devices[device_id].record_key, example["recordKey"], "recordKey")
    read_receipt(statement, signature, chain, manifest_hash, transfer_id)


def page_example(folder, page, name):
    """The lines `name = value` between the marks of a page."""
    with open(os.path.join(folder, f"{page}.md"), encoding="utf-8") as file:
        text = file.read()
    block = re.search(f"<!-- generated: example {name} -->(.*?)<!-- end -->", text, re.DOTALL).group(1)
    return dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)


def check_pages(folder):
    example = page_example(folder, "streams", "streams")
    given = {name: unhex(value) for name, value in example.items() if name != "kind"}
    kind = bytes([int(example["kind"])])
    sid = sha256(label("streamId"), kind, given["writeKey"], sha256(given["readSecret"]))
    equal(sid, example["sid"], "sid")
    equal(label("connectionProof") + given["nonce"] + sid, example["proofBytes"], "proofBytes")
    head = sha256(label("head"), given["head"], given["recordId"], given["bodyHash"])
    equal(head, example["nextHead"], "nextHead")
    equal(sha256(label("leaseToken"), given["deleteToken"]), example["leaseName"], "leaseName")
    equal(sha256(label("inboxCapability"), given["capability"]), example["capabilityHash"], "capabilityHash")

    frames = page_example(folder, "streams", "frames")
    equal(encode([1, [1, [1, given["writeKey"], given["readSecret"], None]]]), frames["attach"], "attach")
    equal(encode([2, [3, [2, [1000]]]]), frames["appended"], "appended")

    manifest = page_example(folder, "receipts", "manifest")
    equal(sha256(label("manifest"), unhex(manifest["bytes"])), manifest["hash"], "hash of a manifest")
    ((path, _, digest),) = read_manifest(decode(unhex(manifest["bytes"])))
    require(path == "a/b.txt" and digest == sha256(b"abc"), "the manifest is of another file")


def main(folder):
    check_pages(folder)
    examples = os.path.join(folder, "examples")
    check_spaces(load(examples, "spaces"))
    check_blobs(load(examples, "blobs"))
    check_receipts(load(examples, "receipts"))


if __name__ == "__main__":
    main(*sys.argv[1:])
