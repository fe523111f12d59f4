package upstream

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"

	"communewatch/collector/api"
)

// Bounds of one request. Uplinks come back for a minute at a time: one large upload
// never completes on them, small ones do.
const (
	packCompressed = 64 << 10 // or one batch
	packBytes      = 1 << 20  // before compression
	packRanges     = 64       // in HeaderBatches: proxies allow headers of 8 KB
	packFailures   = 16       // batches that cannot be loaded: looking through them must not delay the newest
	packSkipped    = 4096     // remembered as not to be loaded
)

// request is batches packed into one body.
type request struct {
	parts   []part // in the body's order
	list    api.BatchList
	body    []byte // gzip
	lines   int
	clock   api.ClockState
	backlog bool // the newest that waits is not in it
	rest    int  // batches that wait and are not in it
}

type part struct {
	sequence uint64
	first    int // line, from 1
	lines    int
}

func (r *request) highest() uint64 {
	highest := uint64(0)
	for _, p := range r.parts {
		highest = max(highest, p.sequence)
	}
	return highest
}

func (r *request) header(goodbye api.Goodbye, session string, every time.Duration) http.Header {
	h := http.Header{}
	if session != "" {
		h.Set(api.HeaderSession, session)
	}
	if every > 0 {
		h.Set(api.HeaderEvery, strconv.FormatInt(int64((every+time.Second-1)/time.Second), 10))
	}
	if len(r.parts) > 0 {
		h.Set(api.HeaderBatches, r.list.String())
		h.Set(api.HeaderClock, string(r.clock))
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	if r.backlog {
		h.Set(api.HeaderBacklog, "1")
	}
	if goodbye != "" {
		h.Set(api.HeaderGoodbye, string(goodbye))
	}
	return h
}

// attribute finds each rejected line's batch, and counts it from 1 in there.
func (r *request) attribute(rejected []api.RejectedLine) map[uint64][]api.RejectedLine {
	of := map[uint64][]api.RejectedLine{}
	for _, l := range rejected {
		i, found := slices.BinarySearchFunc(r.parts, l.Line, func(p part, line int) int {
			switch {
			case line < p.first:
				return 1
			case line >= p.first+p.lines:
				return -1
			}
			return 0
		})
		if found {
			p := r.parts[i]
			of[p.sequence] = append(of[p.sequence], api.RejectedLine{Line: l.Line - p.first + 1, Reason: l.Reason})
		}
	}
	return of
}

// packer makes bodies.
type packer struct {
	most    int             // batches in one body
	steady  int             // up to so many a body doubles with each that gets through
	skipped map[uint64]bool // could not be loaded: not tried again before all others are gone
	buf     bytes.Buffer
	zip     *gzip.Writer
}

func newPacker() packer { return packer{most: 1, steady: api.MaxBatches} }

func (p *packer) skip(seq uint64) {
	if p.skipped == nil || len(p.skipped) >= packSkipped {
		p.skipped = map[uint64]bool{}
	}
	p.skipped[seq] = true
}

// split: a request of so many batches was found too large.
func (p *packer) split(batches int) {
	p.most = max(1, batches/2)
	p.steady = p.most
}

// broke: no answer came to a request of so many batches. A line that is up for seconds
// must not get the same again, nor half of it: the next has one batch, and the
// sizes double from there, so that of what a line carries while it is up, at least
// half is requests that get through.
func (p *packer) broke(batches int) {
	p.most = 1
	if batches > 1 { // one that failed says nothing of sizes
		p.steady = batches / 2
	}
}

// grow: a request of so many batches got through. Where a larger one once did not, the
// next is only a little larger, lest every second one fails.
func (p *packer) grow(batches int) {
	switch {
	case batches < p.most: // says nothing of larger ones
	case p.most < p.steady:
		p.most = min(2*p.most, p.steady)
	default:
		p.steady = p.most
		p.most = min(api.MaxBatches, p.most+1+p.most/4)
	}
}

// start makes room for a body. The level is the slowest: 60 rounds of an office with 10
// targets and a switch of 24 ports are 336 KB, which levels 1, 6 and 9 make 57.7, 52.3
// and 47.9 KB of in 0.8, 1.6 and 11 ms, and one such round 1,275, 1,189 and 1,184 bytes
// in 0.02, 0.02 and 0.05 ms (BenchmarkLevels). Bytes are what a line lacks; an agent's
// CPU has nothing else to do.
func (p *packer) start() {
	p.buf.Reset()
	if p.zip == nil {
		p.zip, _ = gzip.NewWriterLevel(&p.buf, gzip.BestCompression) // the level is valid
		return
	}
	p.zip.Reset(&p.buf)
}

// pack makes a request of at most so many batches: the newest, if it is news, then the
// others, oldest first, as many as fit. nil if nothing waits; without parts if nothing
// that waits could be loaded. The compressor holds back what it has not yet made a block
// of, so a body may come out too large: it is made anew of fewer.
func (s *Sender) pack(most int) *request {
	r := s.fill(most)
	for r != nil && len(r.body) > packCompressed && len(r.parts) > 1 {
		r = s.fill(max(1, len(r.parts)*packCompressed/len(r.body)))
	}
	return r
}

// fill makes a request that may come out larger than packCompressed.
func (s *Sender) fill(most int) *request {
	seqs := s.queue.Sequences()
	if len(seqs) == 0 {
		return nil
	}
	newest := seqs[len(seqs)-1]
	if newest > s.newest {
		seqs = slices.Insert(seqs[:len(seqs)-1:len(seqs)-1], 0, newest)
	}
	s.packer.start()
	r := &request{}
	size, failed, largest := 0, 0, s.budget.pack()
	for _, seq := range seqs {
		if len(r.parts) == most || s.packer.buf.Len() >= packCompressed || failed == packFailures {
			break
		}
		if s.packer.skipped[seq] {
			continue
		}
		b, err := s.queue.Load(seq)
		if err != nil {
			failed++
			s.packer.skip(seq)
			s.log.Debug("batch passed over", "batch", seq, "error", err)
			continue
		}
		if size += len(b.Lines); len(r.parts) > 0 && size > largest || !r.add(b) {
			break
		}
		_, _ = s.packer.zip.Write(b.Lines) // into memory
	}
	_ = s.packer.zip.Close()
	r.body = bytes.Clone(s.packer.buf.Bytes())
	r.backlog = len(r.parts) > 0 && r.parts[0].sequence != newest
	if r.rest = len(seqs) - len(r.parts); len(r.parts) == 0 && failed == 0 {
		s.packer.skipped = nil // all that waits was skipped: from now on it is tried again
	}
	return r
}

// add takes a batch into the request if it goes with those that are in it: stamped
// under the same clock, and within the bounds of one write.
func (r *request) add(b Batch) bool {
	lines := bytes.Count(b.Lines, []byte("\n"))
	if len(r.parts) > 0 && (b.Clock != r.clock || r.lines+lines > api.MaxLines) {
		return false
	}
	list := r.list.Add(b.Session, b.Sequence)
	if len(list) > packRanges {
		return false
	}
	r.parts = append(r.parts, part{b.Sequence, r.lines + 1, lines})
	r.list, r.clock = list, b.Clock
	r.lines += lines
	return true
}
