package api

import (
	"fmt"
	"strconv"
	"strings"
)

// BatchRange names the batches first … last of one agent session.
type BatchRange struct {
	Session     string // lower-case hexadecimal, 8 to 32 digits
	First, Last uint64
}

// BatchList names the batches of one request in the order of its body:
// "5f2c9a01/17,5f2c9a01/3-16".
type BatchList []BatchRange

// Add puts a batch behind the list, as part of its last range where it continues it.
func (l BatchList) Add(session string, sequence uint64) BatchList {
	if n := len(l); n > 0 && l[n-1].Session == session && l[n-1].Last+1 == sequence {
		l[n-1].Last++
		return l
	}
	return append(l, BatchRange{session, sequence, sequence})
}

// Len counts the batches.
func (l BatchList) Len() int {
	n := uint64(0)
	for _, r := range l {
		n += r.Last - r.First + 1
	}
	return int(n)
}

func (l BatchList) String() string {
	var b strings.Builder
	for i, r := range l {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s/%d", r.Session, r.First)
		if r.Last != r.First {
			fmt.Fprintf(&b, "-%d", r.Last)
		}
	}
	return b.String()
}

// ParseBatchList reads what [BatchList.String] writes and refuses more than MaxBatches.
func ParseBatchList(s string) (BatchList, error) {
	if s == "" {
		return nil, fmt.Errorf("%s is missing or empty", HeaderBatches)
	}
	var list BatchList
	total := uint64(0)
	for part := range strings.SplitSeq(s, ",") {
		r, err := parseBatchRange(part)
		if err != nil {
			return nil, err
		}
		if r.Last-r.First >= MaxBatches || total+r.Last-r.First+1 > MaxBatches {
			return nil, fmt.Errorf("%s names more than %d batches", HeaderBatches, MaxBatches)
		}
		total += r.Last - r.First + 1
		list = append(list, r)
	}
	return list, nil
}

func parseBatchRange(s string) (BatchRange, error) {
	session, numbers, found := strings.Cut(s, "/")
	if !found || !ValidSession(session) {
		return BatchRange{}, fmt.Errorf("%s has %s, want session/sequence or session/first-last", HeaderBatches, quote(s))
	}
	first, last, ranged := strings.Cut(numbers, "-")
	if !ranged {
		last = first
	}
	a, err1 := strconv.ParseUint(first, 10, 53)
	b, err2 := strconv.ParseUint(last, 10, 53)
	if err1 != nil || err2 != nil || a > b {
		return BatchRange{}, fmt.Errorf("%s has %s, want numbers first ≤ last below 2^53", HeaderBatches, quote(s))
	}
	return BatchRange{session, a, b}, nil
}

// ValidSession tells whether s is a session as agents write it: 8 to 32 digits of
// lower-case hexadecimal.
func ValidSession(s string) bool {
	if len(s) < 8 || len(s) > 32 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
