package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
	"lukechampine.com/blake3"
)

// The BLAKE3 contexts of FORMAT.md section 1 that a ledger's readers need.
var contexts = []string{
	"caseledger v1 field salts", "caseledger v1 field commitment", "caseledger v1 fields root",
	"caseledger v1 content nonce", "caseledger v1 stored content", "caseledger v1 event",
	"caseledger v1 genesis", "caseledger v1 link", "caseledger v1 registry chain tag",
	"caseledger v1 access chain tag", "caseledger v1 ledger chain tag", "caseledger v1 key tree left",
	"caseledger v1 key tree right", "caseledger v1 entry key", "caseledger v1 head slot",
	"caseledger v1 key slot", "caseledger v1 block",
}

func derive(context string, input []byte) []byte { return deriveLong(context, input, 32) }

func deriveLong(context string, input []byte, length int) []byte {
	out := make([]byte, length)
	blake3.DeriveKey(out, context, input)
	return out
}

func checkDerive(q Question) error {
	output := unhex(q.Output)
	if !bytes.Equal(deriveLong(q.Context, unhex(q.Input), len(output)), output) {
		return errors.New("another output")
	}
	return nil
}

// checkpoint reads the text of section 8.
func checkpoint(text, origin string) (int64, tlog.Hash, error) {
	var root tlog.Hash
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" {
		return 0, root, errors.New("not a checkpoint of this origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return 0, root, errors.New("no size")
	}
	bytes, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(bytes) != tlog.HashSize {
		return 0, root, errors.New("no root")
	}
	copy(root[:], bytes)
	return size, root, nil
}

func u32(n int) []byte    { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
func lp(b []byte) []byte  { return append(u32(len(b)), b...) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// reader takes bytes from the front and remembers when there were too few.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.err = errors.New("too short")
		return make([]byte, max(n, 0))
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) lp() []byte {
	n := int(binary.BigEndian.Uint32(r.take(4)))
	if n > len(r.rest) {
		r.err = errors.New("too short")
		return nil
	}
	return r.take(n)
}

func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

// header is section 7's, with the statement of section 5 inside.
type header struct {
	statement, signature, fields, link []byte

	origin, agency               string
	tag, seenHead, fieldsRoot    []byte
	seenSeq                      uint64
	seen                         bool
	position, number, before, at uint64
}

func parseHeader(text string) (h header, err error) {
	r := &reader{rest: unhex(text)}
	h.statement, h.signature = r.lp(), r.lp()
	h.fields, h.link = r.take(70), r.take(32)
	s := &reader{rest: h.statement}
	magic := s.take(24)
	h.origin, h.tag = string(s.lp()), s.take(32)
	s.take(16)
	h.agency = string(s.lp())
	s.take(32)
	h.seen, h.seenSeq, h.seenHead, h.fieldsRoot = s.take(1)[0] == 1, s.u64(), s.take(32), s.take(32)
	f := &reader{rest: h.fields}
	version := f.take(2)
	f.take(2)
	h.position, h.number, h.before, h.at = f.u64(), f.u64(), f.u64(), f.u64()
	for _, read := range []*reader{r, s} {
		if read.err != nil || len(read.rest) != 0 {
			return h, errors.New("not a header")
		}
	}
	if string(magic) != "caseledger/statement/v1\n" || !bytes.Equal(version, []byte{0, 1}) {
		return h, errors.New("another format")
	}
	return h, nil
}

// checkChain recomputes every link of one chain from the start.
func checkChain(q Question) error {
	var links [][]byte
	var last header
	for i, text := range q.Headers {
		h, err := parseHeader(text)
		if err != nil {
			return err
		}
		if i == 0 {
			links = append(links, derive("caseledger v1 genesis", join(lp([]byte(q.Origin)), h.tag)))
			last.before, last.tag = ^uint64(0), h.tag
		}
		n := uint64(i + 1)
		before := ^uint64(0)
		if i > 0 {
			before = last.position
		}
		if h.origin != q.Origin || !bytes.Equal(h.tag, last.tag) || h.number != n || h.before != before {
			return fmt.Errorf("entry %d does not follow", n)
		}
		if i > 0 && (h.position <= last.position || h.at < last.at) {
			return fmt.Errorf("entry %d is earlier than the one before", n)
		}
		if h.seen && (h.seenSeq >= n || h.seenSeq == 0 || !bytes.Equal(h.seenHead, links[h.seenSeq])) {
			return fmt.Errorf("entry %d says it saw what was not there", n)
		}
		digest := derive("caseledger v1 event", join(lp(h.statement), lp(h.signature), h.fields))
		link := derive("caseledger v1 link", join(links[i], u64(n), digest))
		if !bytes.Equal(link, h.link) {
			return fmt.Errorf("entry %d has another link", n)
		}
		links = append(links, link)
		last = h
	}
	return nil
}

// field is one committed field of an event (section 3).
type field struct{ path, value []byte }

// record is one protobuf record: its number, its wire type, and its value as committed, and the payload.
type record struct {
	number  uint64
	payload []byte
	value   []byte
}

func varint(b []byte) (uint64, int, error) {
	n, length := binary.Uvarint(b)
	if length <= 0 || (length > 1 && b[length-1] == 0) {
		return 0, 0, errors.New("not a varint")
	}
	return n, length, nil
}

func records(b []byte) (all []record, err error) {
	for len(b) > 0 {
		key, n, err := varint(b)
		if err != nil {
			return nil, err
		}
		b = b[n:]
		length := 0
		switch wire := key & 7; wire {
		case 0:
			if _, length, err = varint(b); err != nil {
				return nil, err
			}
		case 1:
			length = 8
		case 5:
			length = 4
		case 2:
			size, n, err := varint(b)
			if err != nil || size > uint64(len(b)-n) {
				return nil, errors.New("not a length")
			}
			b, length = b[n:], int(size)
		default:
			return nil, errors.New("a wire type that is refused")
		}
		if length > len(b) {
			return nil, errors.New("truncated")
		}
		payload := b[:length]
		all = append(all, record{key >> 3, payload, append([]byte{byte(key & 7)}, payload...)})
		b = b[length:]
	}
	return all, nil
}

// paths gives each record its level of path.
func paths(all []record) [][]byte {
	count, seen := map[uint64]int{}, map[uint64]int{}
	for _, r := range all {
		count[r.number]++
	}
	var out [][]byte
	for _, r := range all {
		out = append(out, join(u32(int(r.number)), u32(seen[r.number]), u32(count[r.number])))
		seen[r.number]++
	}
	return out
}

func split(event []byte) (all []field, err error) {
	top, err := records(event)
	if err != nil {
		return nil, err
	}
	levels := paths(top)
	for i, r := range top {
		if r.number < 100 || r.number > 999 {
			all = append(all, field{levels[i], r.value})
			continue
		}
		all = append(all, field{levels[i], nil})
		body, err := records(r.payload)
		if err != nil {
			return nil, err
		}
		for j, level := range paths(body) {
			all = append(all, field{join(levels[i], level), body[j].value})
		}
	}
	return all, nil
}

// checkFields recomputes the fields root of section 4 from the event and its secret.
func checkFields(q Question) error {
	h, err := parseHeader(q.Headers[0])
	if err != nil {
		return err
	}
	fields, err := split(unhex(q.Event))
	if err != nil {
		return err
	}
	sort.Slice(fields, func(i, j int) bool { return bytes.Compare(fields[i].path, fields[j].path) < 0 })
	n := (len(fields) + 7) / 8 * 8
	salts := deriveLong("caseledger v1 field salts", unhex(q.Secret), 32*n)
	var commitments [][]byte
	for i := 0; i < n; i++ {
		salt := salts[32*i : 32*i+32]
		if i < len(fields) {
			salt = derive("caseledger v1 field commitment", join(salt, lp(fields[i].path), lp(fields[i].value)))
		}
		commitments = append(commitments, salt)
	}
	sort.Slice(commitments, func(i, j int) bool { return bytes.Compare(commitments[i], commitments[j]) < 0 })
	root := derive("caseledger v1 fields root", join(u32(n), bytes.Join(commitments, nil)))
	if !bytes.Equal(root, h.fieldsRoot) {
		return errors.New("another fields root " + hex.EncodeToString(root))
	}
	return nil
}
