"""BLAKE3 in plain Python, from its specification: slow, and sharing no code with the Rust crate.

Only what the format needs: `derive_key` with any length of output.
"""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL = 32, 64
MASK = 0xFFFFFFFF


def _rotate(x, n):
    return ((x >> n) | (x << (32 - n))) & MASK


def _mix(v, a, b, c, d, x, y):
    v[a] = (v[a] + v[b] + x) & MASK
    v[d] = _rotate(v[d] ^ v[a], 16)
    v[c] = (v[c] + v[d]) & MASK
    v[b] = _rotate(v[b] ^ v[c], 12)
    v[a] = (v[a] + v[b] + y) & MASK
    v[d] = _rotate(v[d] ^ v[a], 8)
    v[c] = (v[c] + v[d]) & MASK
    v[b] = _rotate(v[b] ^ v[c], 7)


def _compress(chain, words, counter, length, flags):
    v = list(chain) + list(IV[:4]) + [counter & MASK, counter >> 32, length, flags]
    m = list(words)
    for turn in range(7):
        for i, (a, b, c, d) in enumerate(((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))):
            _mix(v, a, b, c, d, m[2 * i], m[2 * i + 1])
        for i, (a, b, c, d) in enumerate(((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))):
            _mix(v, a, b, c, d, m[8 + 2 * i], m[9 + 2 * i])
        if turn < 6:
            m = [m[p] for p in PERMUTATION]
    return [v[i] ^ v[i + 8] for i in range(8)] + [v[i + 8] ^ chain[i] for i in range(8)]


def _words(block):
    block = block.ljust(64, b"\0")
    return [int.from_bytes(block[i : i + 4], "little") for i in range(0, 64, 4)]


class _Output:
    """The last compression of a node, not yet done: as a chaining value, or as root output of any length."""

    def __init__(self, chain, words, counter, length, flags):
        self.chain, self.words, self.counter, self.length, self.flags = chain, words, counter, length, flags

    def value(self):
        return _compress(self.chain, self.words, self.counter, self.length, self.flags)[:8]

    def root(self, size):
        out, block = b"", 0
        while len(out) < size:
            words = _compress(self.chain, self.words, block, self.length, self.flags | ROOT)
            out += b"".join(w.to_bytes(4, "little") for w in words)
            block += 1
        return out[:size]


def _chunk(key, data, index, flags):
    blocks = [data[i : i + 64] for i in range(0, len(data), 64)] or [b""]
    chain = key
    for i, block in enumerate(blocks):
        at = flags | (CHUNK_START if i == 0 else 0) | (CHUNK_END if i == len(blocks) - 1 else 0)
        if i == len(blocks) - 1:
            return _Output(chain, _words(block), index, len(block), at)
        chain = _compress(chain, _words(block), index, 64, at)[:8]


def _tree(key, data, first, flags):
    if len(data) <= 1024:
        return _chunk(key, data, first, flags)
    chunks = (len(data) + 1023) // 1024
    left = 1 << ((chunks - 1).bit_length() - 1)
    children = _tree(key, data[: left * 1024], first, flags).value() + _tree(key, data[left * 1024 :], first + left, flags).value()
    return _Output(key, children, 0, 64, flags | PARENT)


def derive_key(context, material, size=32):
    """BLAKE3 in derive_key mode."""
    key = _tree(IV, context.encode(), 0, DERIVE_KEY_CONTEXT).root(32)
    key_words = tuple(int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4))
    return _tree(key_words, material, 0, DERIVE_KEY_MATERIAL).root(size)
