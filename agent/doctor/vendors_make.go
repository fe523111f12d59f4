//go:build ignore

// This program makes vendors.gz: the IEEE's prefixes of the makers in vendors.txt. Its
// argument is the IEEE's list as Debian's package ieee-data has it (oui.csv, MA-L).
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type maker struct {
	name, kind string
	like       *regexp.Regexp
	prefixes   []uint64
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run vendors_make.go /usr/share/ieee-data/oui.csv")
	}
	makers := readMakers()
	assign(makers, os.Args[1])
	var out bytes.Buffer
	for _, m := range makers {
		if len(m.prefixes) == 0 {
			log.Fatalf("%s: no organisation is written like %s", m.name, m.like)
		}
		fmt.Fprintf(&out, "%s\t%s\n", m.name, m.kind)
	}
	out.WriteByte('\n')
	for _, m := range makers {
		out.Write(packed(m.prefixes))
	}
	var zipped bytes.Buffer
	w, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	w.Write(out.Bytes())
	w.Close()
	if err := os.WriteFile("vendors.gz", zipped.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d makers, %d bytes, %d compressed\n", len(makers), out.Len(), zipped.Len())
}

func readMakers() (makers []*maker) {
	data, err := os.ReadFile("vendors.txt")
	if err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		makers = append(makers, &maker{name: f[0], kind: f[1], like: regexp.MustCompile("(?i)" + f[2])})
	}
	return makers
}

func assign(makers []*maker, path string) {
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range rows[1:] {
		prefix, err := strconv.ParseUint(row[1], 16, 24)
		if err != nil {
			log.Fatal(err)
		}
		for _, m := range makers {
			if m.like.MatchString(row[2]) {
				m.prefixes = append(m.prefixes, prefix)
				break
			}
		}
	}
}

// packed is how many there are, then each less the one before it.
func packed(prefixes []uint64) []byte {
	slices.Sort(prefixes)
	prefixes = slices.Compact(prefixes)
	out := binary.AppendUvarint(nil, uint64(len(prefixes)))
	last := uint64(0)
	for _, p := range prefixes {
		out = binary.AppendUvarint(out, p-last)
		last = p
	}
	return out
}
