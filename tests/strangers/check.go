// A verifier that shares no code with this ledger: the tree and the notes are checked by golang.org/x/mod, BLAKE3 is
// lukechampine.com/blake3, and the rest follows proto/FORMAT.md.
//
//	go run check.go verify FILE   reads questions, one JSON object a line, and says of each kind how many it
//	                              accepted and refused; ends with status 1 when one was not as "good" says
//	go run check.go make          makes trees, proofs and notes of its own, right and wrong, in the same form
//
// Debian: golang-go, golang-golang-x-mod-dev, golang-lukechampine-blake3-dev; GO111MODULE=off GOPATH=/usr/share/gocode.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Question is one thing to check. Bytes are lower-case hex.
type Question struct {
	Kind string `json:"kind"`
	Good bool   `json:"good"`

	Vkey string `json:"vkey,omitempty"`
	Note string `json:"note,omitempty"`

	Header string   `json:"header,omitempty"` // instead of Leaf
	Leaf   string   `json:"leaf,omitempty"`
	Index  int64    `json:"index"`
	Size   int64    `json:"size"`
	Root   string   `json:"root,omitempty"`
	From   int64    `json:"from"`
	Old    string   `json:"old,omitempty"`
	Path   []string `json:"path"`

	Context string `json:"context,omitempty"`
	Input   string `json:"input,omitempty"`
	Output  string `json:"output,omitempty"`

	Origin  string   `json:"origin,omitempty"`
	Headers []string `json:"headers,omitempty"`
	Event   string   `json:"event,omitempty"`
	Secret  string   `json:"secret,omitempty"`
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "verify" {
		os.Exit(verify(os.Args[2]))
	}
	if len(os.Args) == 2 && os.Args[1] == "make" {
		makeAll()
		return
	}
	fmt.Fprintln(os.Stderr, "usage: check.go verify FILE | make")
	os.Exit(2)
}

func verify(path string) int {
	file, err := os.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	accepted, refused := map[string]int{}, map[string]int{}
	status, number := 0, 0
	for lines.Scan() {
		number++
		var q Question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			fmt.Fprintf(os.Stderr, "line %d: %v\n", number, err)
			return 2
		}
		err := answer(q)
		if err == nil {
			accepted[q.Kind]++
		} else {
			refused[q.Kind]++
		}
		if (err == nil) != q.Good {
			fmt.Fprintf(os.Stderr, "line %d: %s, said to be good: %v, found: %v\n", number, q.Kind, q.Good, err)
			status = 1
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	kinds := map[string]bool{}
	for kind := range accepted {
		kinds[kind] = true
	}
	for kind := range refused {
		kinds[kind] = true
	}
	var names []string
	for kind := range kinds {
		names = append(names, kind)
	}
	sort.Strings(names)
	for _, kind := range names {
		fmt.Printf("%s %d %d\n", kind, accepted[kind], refused[kind])
	}
	return status
}

func answer(q Question) error {
	switch q.Kind {
	case "note":
		return checkNote(q)
	case "inclusion":
		return checkInclusion(q)
	case "consistency":
		return checkConsistency(q)
	case "derive":
		return checkDerive(q)
	case "chain":
		return checkChain(q)
	case "fields":
		return checkFields(q)
	}
	return fmt.Errorf("unknown kind %q", q.Kind)
}

func unhex(text string) []byte {
	bytes, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return bytes
}

func hash(text string) (h tlog.Hash) {
	bytes := unhex(text)
	if len(bytes) != tlog.HashSize {
		panic("a hash of another length")
	}
	copy(h[:], bytes)
	return h
}

func hashes(texts []string) []tlog.Hash {
	all := make([]tlog.Hash, 0, len(texts))
	for _, text := range texts {
		all = append(all, hash(text))
	}
	return all
}

func checkNote(q Question) error {
	verifier, err := note.NewVerifier(q.Vkey)
	if err != nil {
		return err
	}
	opened, err := note.Open([]byte(q.Note), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	size, root, err := checkpoint(opened.Text, verifier.Name())
	if err != nil {
		return err
	}
	if size != q.Size || root != hash(q.Root) {
		return errors.New("another size or root")
	}
	return nil
}

func checkInclusion(q Question) error {
	if q.Header != "" {
		q.Leaf = text(tlog.RecordHash(unhex(q.Header)))
	}
	return tlog.CheckRecord(hashes(q.Path), q.Size, hash(q.Root), q.Index, hash(q.Leaf))
}

func checkConsistency(q Question) error {
	return tlog.CheckTree(hashes(q.Path), q.Size, hash(q.Root), q.From, hash(q.Old))
}

// The trees that this program makes.
var sizes = func() (all []int64) {
	for size := int64(1); size <= 300; size++ {
		all = append(all, size)
	}
	return append(all, 511, 512, 513, 1000, 4097)
}()

func makeAll() {
	largest := sizes[len(sizes)-1]
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range at {
			found = append(found, stored[index])
		}
		return found, nil
	})
	var leaves, roots []tlog.Hash
	for n := int64(0); n < largest; n++ {
		leaf := tlog.RecordHash([]byte(fmt.Sprintf("leaf %d", n)))
		more, err := tlog.StoredHashesForRecordHash(n, leaf, read)
		must(err)
		stored = append(stored, more...)
		leaves = append(leaves, leaf)
		root, err := tlog.TreeHash(n+1, read)
		must(err)
		roots = append(roots, root)
	}
	skey, vkey, err := note.GenerateKey(rand.Reader, "ledger.example/stranger")
	must(err)
	signer, err := note.NewSigner(skey)
	must(err)
	out := json.NewEncoder(os.Stdout)
	for _, size := range sizes {
		root := roots[size-1]
		for _, n := range some(size) {
			proof, err := tlog.ProveRecord(size, n, read)
			must(err)
			q := Question{Kind: "inclusion", Good: true, Leaf: text(leaves[n]), Index: n, Size: size, Root: text(root), Path: texts(proof)}
			emit(out, q, func(q *Question) { q.Leaf = flip(q.Leaf) }, func(q *Question) { q.Index = (q.Index + 1) % q.Size; q.Root = flip(q.Root) })
		}
		for _, n := range some(size) {
			proof, err := tlog.ProveTree(size, n+1, read)
			must(err)
			q := Question{Kind: "consistency", Good: true, From: n + 1, Old: text(roots[n]), Size: size, Root: text(root), Path: texts(proof)}
			emit(out, q, func(q *Question) { q.Old = flip(q.Old) }, func(q *Question) { q.Root = flip(q.Root) })
		}
		tree := fmt.Sprintf("ledger.example/stranger\n%d\n%s\n", size, root)
		signed, err := note.Sign(&note.Note{Text: tree}, signer)
		must(err)
		q := Question{Kind: "note", Good: true, Vkey: vkey, Note: string(signed), Size: size, Root: text(root)}
		emit(out, q, func(q *Question) { q.Note = "L" + q.Note[1:] }, func(q *Question) { q.Note = q.Note[:len(q.Note)-9] + "AAAAAAA=\n" })
	}
	for _, context := range contexts {
		for length := 0; length < 40; length++ {
			input := make([]byte, length*29)
			_, err := rand.Read(input)
			must(err)
			q := Question{Kind: "derive", Good: true, Context: context, Input: hex.EncodeToString(input), Output: hex.EncodeToString(derive(context, input))}
			emit(out, q, func(q *Question) { q.Output = flip(q.Output) })
		}
	}
}

// The first, the last and some between.
func some(size int64) (all []int64) {
	step := size/9 + 1
	for n := int64(0); n < size-1; n += step {
		all = append(all, n)
	}
	return append(all, size-1)
}

// Writes a right question, then wrong ones made of it; a proof also with a hash flipped, a hash too few and one too many.
func emit(out *json.Encoder, q Question, wrong ...func(*Question)) {
	must(out.Encode(q))
	q.Good = false
	path := q.Path
	if q.Kind == "inclusion" || q.Kind == "consistency" {
		if len(path) > 0 {
			wrong = append(wrong,
				func(q *Question) { q.Path = path[:len(path)-1] },
				func(q *Question) { q.Path = append([]string{flip(path[0])}, path[1:]...) })
		}
		wrong = append(wrong, func(q *Question) { q.Path = append(append([]string{}, path...), q.Root) })
	}
	for _, change := range wrong {
		other := q
		change(&other)
		must(out.Encode(other))
	}
}

func flip(text string) string {
	bytes := unhex(text)
	bytes[len(bytes)-1] ^= 1
	return hex.EncodeToString(bytes)
}

func text(h tlog.Hash) string { return hex.EncodeToString(h[:]) }

func texts(all []tlog.Hash) []string {
	out := []string{}
	for _, h := range all {
		out = append(out, text(h))
	}
	return out
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
