package upstream

import (
	"context"
	"net/http"

	"communewatch/collector/api"
)

// learnTime asks for the collector's time if it is not known, because a batch is
// stamped with it before it is sent; and again after a certificate was refused,
// because it may be the known time that is wrong. The question carries no token.
func (s *Sender) learnTime(ctx context.Context) verdict {
	if _, known := s.clock.Collector(); known && !s.doubtTime {
		return verdict{action: api.Delete}
	}
	s.count(func(st *Stats) { st.Attempts++ })
	a := s.remote.exchange(ctx, outgoing{method: http.MethodGet, path: api.PathHealth, asking: true})
	_, known := s.clock.Collector()
	v := decideTime(a, known)
	s.doubtTime = v.action != api.Delete
	return v
}

// send exchanges one request.
func (s *Sender) send(ctx context.Context, r *request, goodbye api.Goodbye) verdict {
	s.count(func(st *Stats) { st.Attempts++ })
	a := s.remote.exchange(ctx, outgoing{
		method: http.MethodPost, path: api.PathWrite, body: r.body,
		header: r.header(goodbye, s.cfg.Session, s.cfg.Every), token: s.cfg.Token,
	})
	v := decide(a, r.list, r.lines)
	s.doubtTime = v.reason == ReasonCertificate
	return v
}
