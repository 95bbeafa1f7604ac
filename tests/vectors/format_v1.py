"""A second implementation of `proto/FORMAT.md`, written from that page alone. Makes values; the Rust tests read them."""

import base64
import hashlib

from blake3_plain import derive_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NONE = 2**64 - 1
SEGMENT = 65536


def u8(n): return n.to_bytes(1, "big")
def u16(n): return n.to_bytes(2, "big")
def u32(n): return n.to_bytes(4, "big")
def u64(n): return n.to_bytes(8, "big")
def lp(b): return u32(len(b)) + b
def sha256(b): return hashlib.sha256(b).digest()
def dk(purpose, b, size=32): return derive_key("caseledger v1 " + purpose, b, size)


def keypair(seed):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return key, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


# --- section 3: fields ---------------------------------------------------------------------------------------------

class Refused(Exception):
    def __init__(self, name, number=None):
        super().__init__(name)
        self.name, self.number = name, number


def read_varint(data, at, bits, number):
    """One varint; key limit 32 bits in 5 bytes, others 64 bits in 10 bytes. Returns (value, end)."""
    longest = 5 if bits == 32 else 10
    value, start = 0, at
    while True:
        if at >= len(data):
            raise Refused("truncated", number)
        byte = data[at]
        value |= (byte & 0x7F) << (7 * (at - start))
        at += 1
        if at - start > longest or value >= 1 << bits or (at - start == longest and byte & 0x80):
            raise Refused("varint_too_large", number)
        if not byte & 0x80:
            if byte == 0 and at - start > 1:
                raise Refused("non_minimal", number)
            return value, at


def split(event, singular):
    if not event:
        raise Refused("empty")
    known = {tuple(pair) for pair in singular}
    total = [0]

    def message(data, body):
        """[(number, value without marker rule, nested or None)] of one message."""
        at, seen, found = 0, {}, []
        while at < len(data):
            key, at = read_varint(data, at, 32, None)
            number, wire = key >> 3, key & 7
            is_body = body == 0 and 100 <= number <= 999
            if number == 0: raise Refused("field_zero", 0)
            if wire in (3, 4): raise Refused("group", number)
            if wire > 5: raise Refused("wire_type", number)
            if is_body and wire != 2: raise Refused("body_wire_type", number)
            if is_body and any(100 <= n <= 999 for n in seen): raise Refused("two_bodies", number)
            if number in seen and (body, number) in known: raise Refused("singular_repeated", number)
            total[0] += 1
            if total[0] > 512: raise Refused("too_many_fields", number)
            seen[number] = seen.get(number, 0) + 1
            if wire == 0:
                _, end = read_varint(data, at, 64, number)
                payload = data[at:end]
            elif wire in (1, 5):
                end = at + (8 if wire == 1 else 4)
                if end > len(data): raise Refused("truncated", number)
                payload = data[at:end]
            else:
                size, start = read_varint(data, at, 64, number)
                end = start + size
                if end > len(data): raise Refused("truncated", number)
                payload = data[start:end]
            at = end
            nested = message(payload, number) if is_body else None
            found.append((number, b"" if is_body else u8(wire) + payload, nested))
        return [(n, i, seen[n], v, inner) for (n, v, inner), i in zip(found, indexes([n for n, _, _ in found]))]

    fields = []
    for number, index, count, value, nested in message(event, 0):
        path = u32(number) + u32(index) + u32(count)
        fields.append((path, value))
        for inner_number, inner_index, inner_count, inner_value, _ in nested or []:
            fields.append((path + u32(inner_number) + u32(inner_index) + u32(inner_count), inner_value))
    return sorted(fields)


def indexes(numbers):
    seen = {}
    for n in numbers:
        yield seen.get(n, 0)
        seen[n] = seen.get(n, 0) + 1


# --- section 4: commitments ----------------------------------------------------------------------------------------

def commit(fields, secret):
    n = (len(fields) + 7) // 8 * 8
    stream = dk("field salts", secret, 32 * n)
    salts = [stream[32 * i : 32 * i + 32] for i in range(n)]
    made = [dk("field commitment", s + lp(p) + lp(v)) for s, (p, v) in zip(salts, fields)]
    all_of_them = sorted(made + salts[len(fields) :])
    return salts, all_of_them, dk("fields root", u32(n) + b"".join(all_of_them))


def disclose(fields, salts, commitments, paths):
    chosen = [(s, p, v) for s, (p, v) in zip(salts, fields) if p in paths]
    shown = b"".join(s + lp(p) + lp(v) for s, p, v in chosen)
    return u32(len(commitments)) + b"".join(commitments) + u32(len(chosen)) + shown


# --- sections 5 to 7: statement, content, chain, entry --------------------------------------------------------------

def statement(origin, tag, event_id, agency, key_id, seen, fields_root):
    """`seen` is None (blind) or (seq, link)."""
    seq, link = seen or (0, bytes(32))
    return (b"caseledger/statement/v1\n" + lp(origin) + tag + event_id + lp(agency) + key_id
            + u8(1 if seen else 0) + u64(seq) + link + fields_root)


def chain_tag(name, origin): return dk(name + " chain tag", lp(origin))
def genesis(origin, tag): return dk("genesis", lp(origin) + tag)


def entry(spec):
    """Seals one entry of `spec`; returns every intermediate value."""
    _, _, root = commit(split(spec["event"], []), spec["secret"])
    seed = spec.get("seed")
    key, public = keypair(seed) if seed else (None, None)
    key_id = sha256(public) if seed else bytes(32)
    said = statement(spec["origin"], spec["tag"], spec["event_id"], spec["agency"], key_id, spec["seen"], root)
    signature = key.sign(said) if seed else b""
    plaintext = spec["secret"] + spec["event"]
    nonce = dk("content nonce", plaintext, 12)
    content = nonce + AESGCM(spec["entry_key"]).encrypt(nonce, plaintext, u64(spec["position"]) + said)
    digest = dk("stored content", content)
    previous = NONE if spec["previous_leaf"] is None else spec["previous_leaf"]
    ledger_fields = (u16(1) + u16(spec["kind"]) + u64(spec["position"]) + u64(spec["case_seq"]) + u64(previous)
                     + u64(spec["appended"]) + u8(spec["ingest"]) + u8(spec["authenticated"]) + digest)
    event_digest = dk("event", lp(said) + lp(signature) + ledger_fields)
    link = dk("link", spec["previous_link"] + u64(spec["case_seq"]) + event_digest)
    header = lp(said) + lp(signature) + ledger_fields + link
    return dict(statement=said, signature=signature, content=content, content_digest=digest, event_digest=event_digest,
                link=link, header=header, entry=lp(header) + lp(content), leaf_hash=sha256(b"\0" + header))


# --- section 8: tree, checkpoint, receipt ----------------------------------------------------------------------------

def largest_power_below(n): return 1 << ((n - 1).bit_length() - 1)
def node(a, b): return sha256(b"\1" + a + b)


def root(leaves):
    if not leaves: return sha256(b"")
    if len(leaves) == 1: return sha256(b"\0" + leaves[0])
    k = largest_power_below(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


def inclusion(index, leaves):
    if len(leaves) <= 1: return []
    k = largest_power_below(len(leaves))
    if index < k: return inclusion(index, leaves[:k]) + [root(leaves[k:])]
    return inclusion(index - k, leaves[k:]) + [root(leaves[:k])]


def consistency(size, leaves):
    def part(m, d, whole):
        if m == len(d): return [] if whole else [root(d)]
        k = largest_power_below(len(d))
        if m <= k: return part(m, d[:k], whole) + [root(d[k:])]
        return part(m - k, d[k:], False) + [root(d[:k])]
    return [] if size in (0, len(leaves)) else part(size, leaves, True)


def b64(b): return base64.b64encode(b).decode()


def vkey(origin, public):
    key_id = sha256(origin + b"\n\1" + public)[:4]
    return key_id, origin.decode() + "+" + key_id.hex() + "+" + b64(b"\1" + public)


def checkpoint(origin, seed, size, tree_root):
    key, public = keypair(seed)
    key_id, _ = vkey(origin, public)
    text = f"{origin.decode()}\n{size}\n{b64(tree_root)}\n"
    return f"{text}\n\u2014 {origin.decode()} {b64(key_id + key.sign(text.encode()))}\n"


def tlog_proof(index, proof, note, header):
    hashes = "".join(b64(h) + "\n" for h in proof)
    return f"c2sp.org/tlog-proof@v1\nextra {b64(header)}\nindex {index}\n{hashes}\n{note}"


# --- section 9: head file ----------------------------------------------------------------------------------------------

def head_slot(generation, boot_id, note):
    body = b"caseledger head\n" + u16(1) + u64(generation) + boot_id + lp(note.encode())
    body = body.ljust(4064, b"\0")
    return body + dk("head slot", body)


# --- section 11: key tree and key file -------------------------------------------------------------------------------

def child(value, bit): return dk("key tree right" if bit else "key tree left", value)


def leaf_of(value, depth, leaf):
    for level in range(depth, 16):
        value = child(value, leaf >> (15 - level) & 1)
    return value


def entry_key(seed, leaf): return dk("entry key", leaf_of(seed, 0, leaf))


def erase(nodes, leaf):
    """nodes: [(depth, prefix, value)] in order of first leaf."""
    kept = []
    for depth, prefix, value in nodes:
        if leaf >> (16 - depth) != prefix:
            kept.append((depth, prefix, value))
            continue
        while depth < 16:
            bit = leaf >> (15 - depth) & 1
            kept.append((depth + 1, prefix * 2 + (1 - bit), child(value, 1 - bit)))
            value, prefix, depth = child(value, bit), prefix * 2 + bit, depth + 1
    return sorted(kept, key=lambda n: n[1] << (16 - n[0]))


def key_slot(generation, origin, erased_up_to, segments, erased, nodes):
    """nodes: [(segment, depth, prefix, value)]."""
    tail = lp(origin) + u64(erased_up_to) + u64(segments) + u64(erased) + u32(len(nodes))
    tail += b"".join(u64(s) + u8(d) + u16(p) + v for s, d, p, v in nodes)
    head = b"caseledger keys\n" + u16(1)
    length = len(head) + 4 + 8 + len(tail) + 32
    body = head + u32(length) + u64(generation) + tail
    return body + dk("key slot", body)


def key_file(slots):
    """Two slot contents (either may be empty) interleaved in pages of 4,096 bytes."""
    pages = max((len(s) + 4095) // 4096 for s in slots)
    padded = [s.ljust(pages * 4096, b"\0") for s in slots]
    return b"".join(padded[i][j * 4096 : (j + 1) * 4096] for j in range(pages) for i in (0, 1))


# --- section 12: blocks ---------------------------------------------------------------------------------------------------

def blocks(origin, first, entries):
    payload = b"".join(entries)
    overhead = 8 + 2 + 4 + len(origin) + 8 + 4 + 4 + 4 + 4 + 32
    room = 7000 - overhead
    parts = [payload[i : i + room] for i in range(0, len(payload), room)]
    values = []
    for i, part in enumerate(parts):
        body = (bytes.fromhex("a7434c424c4b010a") + u16(1) + lp(origin) + u64(first) + u32(len(entries))
                + u32(i) + u32(len(parts)) + u32(len(part)) + part)
        values.append(body + dk("block", body))
    return values
