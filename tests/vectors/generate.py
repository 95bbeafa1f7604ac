#!/usr/bin/env python3
"""Writes the frozen vectors beside this file. Needs the `cryptography` package for Ed25519 and AES-GCM.

The vectors are frozen: the tests read the JSON and never run this. Run it again only to make a new format version.
"""

import hashlib
import json
import pathlib

from format_v1 import *

HERE = pathlib.Path(__file__).parent
ORIGIN = b"ledger.example/safeguarding"
TAG = b"\x11" * 32
LOG_SEED = bytes(range(32))
KEY_SEED = bytes(range(0x80, 0xA0))
EVENT = bytes.fromhex("0a03432d313a01613a0162f206080896011203535731")


def plain(value):
    if isinstance(value, (bytes, bytearray)): return bytes(value).hex()
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2**53: return str(value)
    if isinstance(value, dict): return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)): return [plain(v) for v in value]
    return value


def write(name, rows):
    assert rows and len({r["name"] for r in rows}) == len(rows), name
    (HERE / f"{name}.json").write_text("[\n" + ",\n".join(json.dumps(plain(r)) for r in rows) + "\n]\n")


def noise(label, size): return hashlib.shake_256(label.encode()).digest(size)


def varint(n):
    out = b""
    while n >= 128:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def record(number, value, wire=2):
    body = varint(len(value)) + value if wire == 2 else value
    return varint(number << 3 | wire) + body


SINGULAR = [[0, 1], [0, 2], [110, 1]]

FIELD_CASES = [
    ("worked example", EVENT),
    ("one field", record(1, b"C-1")),
    ("an empty value", record(2, b"")),
    ("an unknown field number far up", record(536870911, b"kept")),
    ("a repeated unknown field keeps each", record(50, b"a") + record(50, b"b") + record(50, b"a")),
    ("all wire types", record(3, varint(2**64 - 1), 0) + record(4, bytes(8), 1) + record(5, bytes(4), 5) + record(6, b"x")),
    ("an empty body is a marker", record(100, b"")),
    ("a body numbered 999", record(999, record(1, b"last"))),
    ("1000 is no body", record(1000, record(1, b"whole"))),
    ("99 is no body", record(99, record(1, b"whole"))),
    ("a deep message stays one value", record(110, record(2, record(100, b"not opened")))),
    ("fields out of order", record(9, b"z") + record(2, b"a")),
    ("512 fields", b"".join(record(50, b"") for _ in range(512))),
    ("empty", b""),
    ("truncated in a key", b"\x80"),
    ("truncated in a length", b"\x0a\x80"),
    ("truncated in a payload", b"\x0a\x05ab"),
    ("truncated fixed64", record(4, bytes(7), 1)),
    ("truncated fixed32", record(5, bytes(3), 5)),
    ("truncated in a body", record(110, b"\x0a\x05ab")),
    ("a key longer than need be", b"\x8a\x00\x00"),
    ("a length longer than need be", b"\x0a\x81\x00a"),
    ("a varint longer than need be", b"\x18\x80\x00"),
    ("a varint longer than need be in a body", record(110, b"\x08\x96\x81\x00")),
    ("a varint above 64 bits", b"\x18" + b"\xff" * 9 + b"\x02"),
    ("a varint of eleven bytes", b"\x18" + b"\x80" * 10 + b"\x01"),
    ("a key above 32 bits", b"\xff\xff\xff\xff\x1f\x00"),
    ("a key of six bytes", b"\x80\x80\x80\x80\x80\x01"),
    ("field number zero", b"\x02\x00"),
    ("field number zero in a body", record(110, b"\x02\x00")),
    ("a start group", b"\x0b\x0c"),
    ("an end group", b"\x0c"),
    ("wire type six", b"\x0e"),
    ("wire type seven", b"\x0f"),
    ("a body that is a varint", b"\xf0\x06\x01"),
    ("two bodies of one number", record(110, b"") + record(110, b"")),
    ("two bodies of two numbers", record(110, b"") + record(111, b"")),
    ("a known singular field twice", record(1, b"a") + record(1, b"b")),
    ("a known singular field twice in a body", record(110, record(1, b"a") + record(1, b"b"))),
    ("the same field in another body may repeat", record(111, record(1, b"a") + record(1, b"b"))),
    ("513 fields", b"".join(record(50, b"") for _ in range(513))),
    ("513 fields, the marker counted", record(110, b"".join(record(50, b"") for _ in range(512)))),
]


def field_rows():
    for name, event in FIELD_CASES:
        row = dict(name=name, event=event, singular=SINGULAR)
        try:
            row["fields"] = [dict(path=p, value=v) for p, v in split(event, SINGULAR)]
        except Refused as refused:
            row["refusal"] = refused.name
            if refused.number is not None: row["number"] = refused.number
        yield row


def commitment_rows():
    for name, event in FIELD_CASES:
        try:
            fields = split(event, SINGULAR)
        except Refused:
            continue
        secret = noise("secret of " + name, 32)
        salts, commitments, fields_root = commit(fields, secret)
        paths = [p for p, _ in fields][:: max(1, len(fields) // 3)]
        yield dict(name=name, event=event, secret=secret, salts=salts, commitments=commitments, fields_root=fields_root,
                   disclose=paths, disclosure=disclose(fields, salts, commitments, paths))


def statement_rows():
    for name, agency, seed, seen in [
        ("blind and unsigned", b"csc", None, None),
        ("seen and unsigned", b"health", None, (41, noise("a link", 32))),
        ("seen and signed", b"police", noise("police key", 32), (1, noise("link one", 32))),
        ("blind and signed", b"a", noise("a key", 32), None),
        ("an agency of 32 bytes", b"a123456789_123456789-12345678901", None, None),
    ]:
        key, public = keypair(seed) if seed else (None, None)
        key_id = sha256(public) if seed else bytes(32)
        event_id, fields_root = noise("id of " + name, 16), noise("root of " + name, 32)
        said = statement(ORIGIN, TAG, event_id, agency, key_id, seen, fields_root)
        row = dict(name=name, statement=said, origin=ORIGIN.decode(), tag=TAG, event_id=event_id, agency=agency.decode(),
                   key_id=key_id, seen=1 if seen else 0, seen_seq=seen[0] if seen else 0,
                   seen_head=seen[1] if seen else bytes(32), fields_root=fields_root)
        if seed: row.update(seed=seed, public_key=public, signature=key.sign(said))
        yield row


def text(number, value): return record(number, value.encode())
def number(field, value): return record(field, varint(value), 0)


OWN = [  # kind, chain, event bytes of section 10
    (3, "access", text(1, "REV1") + text(2, "investigator") + text(3, "serious case review") + text(4, "Allocation") + record(5, TAG) + record(6, b"\x0a\x00") + number(7, 2)),
    (4, "access", record(1, noise("stream", 16)) + text(2, "school") + text(3, "Subscribe") + number(4, 0)),
    (5, "access", record(1, noise("stream", 16)) + number(2, 1) + number(3, 4) + number(4, 3)),
    (6, "ledger", number(1, 1) + record(2, noise("link", 32)) + number(3, 1) + text(4, "court order") + text(5, "UK GDPR art. 17") + text(6, "A1") + text(6, "A2") + number(7, 4) + record(8, b"")),
    (7, "ledger", number(1, 2) + number(2, 1) + record(3, noise("heads", 32))),
    (8, "ledger", number(1, 2) + record(2, noise("root", 32)) + record(3, noise("boot a", 16)) + record(4, noise("boot b", 16))),
    (9, "ledger", number(1, 1) + text(2, "ledger.example/safeguarding+03667c3e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4") + number(3, 0)),
    (10, "ledger", number(1, 1700000000000000) + number(2, 1699999990000000) + text(3, "OP1") + text(4, "time server repaired")),
]


def entry_specs():
    police = bytes(range(0x40, 0x60))
    yield dict(name="case 1, first", kind=1, tag=TAG, agency=b"csc", event=EVENT, authenticated=2, ingest=0, seen=False)
    yield dict(name="case 1, second, signed, back-loaded", kind=1, tag=TAG, agency=b"police", event=EVENT, authenticated=1, ingest=1, seen=True, seed=police)
    yield dict(name="case 1, third, long content", kind=1, tag=TAG, agency=b"school", event=record(60, noise("long", 20000)), authenticated=3, ingest=0, seen=True)
    yield dict(name="case 2, first, signed", kind=1, tag=b"\x22" * 32, agency=b"police", event=EVENT, authenticated=1, ingest=0, seen=False, seed=police)
    yield dict(name="registry, by the operator", kind=2, tag=chain_tag("registry", ORIGIN), agency=b"ledger", event=record(800, record(1, b"csc")), authenticated=0, ingest=0, seen=False)
    yield dict(name="registry, by an agency", kind=2, tag=chain_tag("registry", ORIGIN), agency=b"csc", event=record(801, record(1, b"SW1")), authenticated=2, ingest=0, seen=False)
    for kind, chain, event in OWN:
        yield dict(name=f"kind {kind}", kind=kind, tag=chain_tag(chain, ORIGIN), agency=b"ledger", event=event, authenticated=0, ingest=0, seen=False)


def entry_rows():
    chains = {}
    for position, spec in enumerate(entry_specs()):
        seq, previous, link = chains.get(spec["tag"], (0, None, genesis(ORIGIN, spec["tag"])))
        spec.update(origin=ORIGIN, position=position, case_seq=seq + 1, previous_leaf=previous, previous_link=link,
                    appended=1700000000000000 + 250 * position, event_id=noise("event id " + spec["name"], 16),
                    secret=noise("secret " + spec["name"], 32), entry_key=entry_key(KEY_SEED, position),
                    seen=(seq, link) if spec["seen"] else None)
        made = entry(spec)
        chains[spec["tag"]] = (seq + 1, position, made["link"])
        row = {k: spec[k] for k in ("name", "tag", "kind", "position", "case_seq", "previous_leaf", "appended", "ingest",
                                    "authenticated", "secret", "event", "entry_key", "previous_link")}
        yield dict(row, origin=ORIGIN.decode(), **made)


def tree_rows():
    known = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
    for size in list(range(0, 18)) + [31, 32, 33, 100, 255, 256, 257, 300]:
        leaves = known[:size] if size <= 8 else [noise(f"leaf {i}", 24) for i in range(size)]
        some = [i for i in range(size) if size <= 17 or i % 37 in (0, 5) or i >= size - 2]
        sizes = [m for m in range(size + 1) if size <= 17 or m % 41 in (0, 7) or m >= size - 2]
        yield dict(name=f"{size} leaves", leaves=leaves, root=root(leaves),
                   inclusion=[dict(index=i, size=size, proof=inclusion(i, leaves)) for i in some],
                   consistency=[{"from": m, "to": size, "proof": consistency(m, leaves)} for m in sizes])


def checkpoint_rows(entries):
    headers = [e["header"] for e in entries]
    for size, index in ((1, 0), (2, 0), (len(headers), 5)):
        note = checkpoint(ORIGIN, LOG_SEED, size, root(headers[:size]))
        proof = tlog_proof(index, inclusion(index, headers[:size]), note, headers[index])
        _, key = vkey(ORIGIN, keypair(LOG_SEED)[1])
        yield dict(name=f"size {size}", origin=ORIGIN.decode(), seed=LOG_SEED, vkey=key, size=size, root=root(headers[:size]),
                   note=note, index=index, leaf_header=headers[index], tlog_proof=proof)


def head_rows(entries):
    headers = [e["header"] for e in entries]
    _, key = vkey(ORIGIN, keypair(LOG_SEED)[1])
    def slot(generation, size, fork=b""):
        tree_root = sha256(fork) if fork else root(headers[:size])
        return head_slot(generation, b"\xb0" * 16, checkpoint(ORIGIN, LOG_SEED, size, tree_root))
    blank = bytes(4096)
    torn = lambda s: s[:100] + bytes([s[100] ^ 1]) + s[101:]
    for name, zero, one, says in [
        ("two generations", slot(8, 3), slot(7, 2), dict(generation=8, size=3)),
        ("the odd one is newer", slot(8, 3), slot(9, 4), dict(generation=9, size=4)),
        ("only the first was written", blank, slot(1, 1), dict(generation=1, size=1)),
        ("the newer slot is torn", torn(slot(8, 3)), slot(7, 2), dict(generation=7, size=2)),
        ("the same size again", slot(8, 3), slot(9, 3), dict(generation=9, size=3)),
        ("both blank", blank, blank, dict(refusal="none")),
        ("both torn", torn(slot(8, 3)), torn(slot(7, 2)), dict(refusal="none")),
        ("a generation in the wrong slot", slot(7, 2), blank, dict(refusal="none")),
        ("generations two apart", slot(8, 3), slot(5, 2), dict(generation=8, size=3)),
        ("the later is smaller", slot(8, 2), slot(7, 3), dict(refusal="disagree")),
        ("one size, two roots", slot(8, 3, b"fork"), slot(7, 3), dict(refusal="disagree")),
    ]:
        yield dict(name=name, origin=ORIGIN.decode(), vkey=key, file=zero + one, **says)


def key_tree_rows():
    for leaf in (0, 1, 2, 255, 4464, 32767, 32768, 65534, 65535):
        yield dict(name=f"leaf {leaf}", seed=KEY_SEED, leaf=leaf, entry_key=entry_key(KEY_SEED, leaf))
    for leaves in ([0], [65535], [4464], [4464, 4464], [4464, 4465], [0, 32768, 65535, 1]):
        nodes = [(0, 0, KEY_SEED)]
        for leaf in leaves: nodes = erase(nodes, leaf)
        yield dict(name="erase " + " ".join(map(str, leaves)), seed=KEY_SEED, erase=leaves,
                   nodes=[dict(depth=d, prefix=p, value=v) for d, p, v in nodes])


def key_file_rows():
    fresh = [(0, 0, 0, KEY_SEED), (1, 0, 0, noise("segment 1", 32))]
    punctured = [(0,) + n for n in erase([(0, 0, KEY_SEED)], 4464)] + fresh[1:]
    many = [(0,) + n for n in erase(erase(erase(erase(erase(erase(erase([(0, 0, KEY_SEED)], 1), 9000), 20000), 30000), 40000), 50000), 60000)] + fresh[1:]
    def shown(nodes): return [dict(segment=s, depth=d, prefix=p, value=v) for s, d, p, v in nodes]
    first = key_slot(1, ORIGIN, 0, 2, 0, fresh)
    second = key_slot(2, ORIGIN, 12, 2, 1, punctured)
    third = key_slot(3, ORIGIN, 70, 2, 7, many)
    assert len(third) > 4096
    torn = lambda s: s[:60] + bytes([s[60] ^ 1]) + s[61:]
    for name, slots, nodes, says in [
        ("fresh, both slots equal", (first, first), fresh, dict(generation=1, erased_up_to=0, segments=2, erased=0)),
        ("one erased, the other slot still old", (second, first), punctured, dict(generation=2, erased_up_to=12, segments=2, erased=1)),
        ("seven erased, two pages", (third, third), many, dict(generation=3, erased_up_to=70, segments=2, erased=7)),
        ("the newer slot is torn", (torn(second), first), fresh, dict(generation=1, erased_up_to=0, segments=2, erased=0)),
        ("both torn", (torn(second), torn(first)), None, dict(refusal="none")),
        ("count of erased is wrong", (key_slot(2, ORIGIN, 12, 2, 2, punctured),) * 2, None, dict(refusal="none")),
        ("overlapping nodes", (key_slot(2, ORIGIN, 0, 1, 0, [(0, 0, 0, KEY_SEED), (0, 1, 1, child(KEY_SEED, 1))]),) * 2, None, dict(refusal="none")),
        ("another ledger's file", (key_slot(1, b"other.example/ledger", 0, 2, 0, fresh),) * 2, None, dict(refusal="none")),
        ("one generation, two contents", (first, key_slot(1, ORIGIN, 0, 2, 0, [(0, 0, 0, noise("x", 32)), fresh[1]])), None, dict(refusal="disagree")),
    ]:
        row = dict(name=name, origin=ORIGIN.decode(), file=key_file(slots), **says)
        if nodes: row["nodes"] = shown(nodes)
        yield row


def block_rows(entries):
    by = {e["position"]: e["entry"] for e in entries}
    for name, positions in [("one entry", [0]), ("a commit in parts", [2]), ("the whole ledger", sorted(by))]:
        chosen = [by[p] for p in positions]
        yield dict(name=name, origin=ORIGIN.decode(), entries=chosen, first=positions[0], values=blocks(ORIGIN, positions[0], chosen))


def refused_entry_rows(entries):
    good = entries[0]["entry"]
    header, content, said = entries[0]["header"], entries[0]["content"], entries[0]["statement"]
    fields = header[8 + len(said) : -32]
    link = header[-32:]
    def again(s=said, sig=b"", f=fields, l=link): return lp(lp(s) + lp(sig) + f + l) + lp(content)
    yield dict(name="a byte left over", entry=good + b"\0", why="a byte after the content")
    yield dict(name="cut short", entry=good[:-1], why="the content is shorter than its length")
    yield dict(name="empty", entry=b"", why="no bytes")
    yield dict(name="another format version", entry=again(f=u16(2) + fields[2:]), why="format version 2")
    yield dict(name="kind 0", entry=again(f=fields[:2] + u16(0) + fields[4:]), why="no such kind")
    yield dict(name="kind 11", entry=again(f=fields[:2] + u16(11) + fields[4:]), why="no such kind")
    yield dict(name="ingest 2", entry=again(f=fields[:36] + u8(2) + fields[37:]), why="ingest is 0 or 1")
    yield dict(name="authenticated 9", entry=again(f=fields[:37] + u8(9) + fields[38:]), why="authenticated is 0 to 4")
    yield dict(name="unsigned but authenticated by signature", entry=again(f=fields[:37] + u8(1) + fields[38:]), why="1 if and only if there is a signature")
    yield dict(name="a signature without a key", entry=again(sig=bytes(64)), why="a signature if and only if there is a key id")
    yield dict(name="a signature of 63 bytes", entry=again(sig=bytes(63)), why="64 bytes or none")
    yield dict(name="another magic", entry=again(s=b"caseledger/statement/v2\n" + said[24:]), why="statement magic")
    yield dict(name="an agency in capitals", entry=again(s=said.replace(lp(b"csc"), lp(b"CSC"))), why="agency characters")
    yield dict(name="case_seq 0", entry=again(f=fields[:12] + u64(0) + fields[20:]), why="numbered from 1")
    yield dict(name="blind with a seen_seq", entry=again(s=said[:-72] + u64(3) + said[-64:]), why="blind means zero")


if __name__ == "__main__":
    ledger = list(entry_rows())
    write("fields", list(field_rows()))
    write("commitments", list(commitment_rows()))
    write("statements", list(statement_rows()))
    write("entries", ledger)
    write("tree", list(tree_rows()))
    write("checkpoints", list(checkpoint_rows(ledger)))
    write("head_file", list(head_rows(ledger)))
    write("key_tree", list(key_tree_rows()))
    write("key_file", list(key_file_rows()))
    write("blocks", list(block_rows(ledger)))
    write("refused_entries", list(refused_entry_rows(ledger)))
