package doctor

import (
	"net/http"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

func (f *facts) identityFinding() Finding {
	i, c := f.identity, f.collector
	switch {
	case f.cfg.URL == "", f.cfg.Identity == "" && f.cfg.Token == "":
		return bad(CheckIdentity, said("identity_none"), said("do_enrol"))
	case i.missing:
		return bad(CheckIdentity, said("identity_missing", i.path), said("do_enrol"))
	case i.keyOnly:
		return bad(CheckIdentity, said("identity_pending"), said("do_enrol_again"))
	case i.err != nil:
		return bad(CheckIdentity, said("identity_broken", i.path, i.err.Error()), said("do_enrol"))
	}
	if f.cfg.Copied {
		return bad(CheckIdentity, said("identity_copied"), said("do_enrol_twin"))
	}
	if f := refusedFinding(c.code, c.status); f != nil {
		return *f
	}
	if f.cfg.Twin {
		return *refusedFinding(api.CodeTwin, api.Answers[api.CodeTwin].Status)
	}
	if i.leaf != nil && f.now().After(i.leaf.NotAfter) {
		return bad(CheckIdentity, said("identity_expired", day(i.leaf.NotAfter)), said("do_renew"), said("do_enrol"))
	}
	return f.accepted()
}

// now is the collector's time, or else this machine's.
func (f *facts) now() time.Time {
	if f.collector.timed {
		return f.collector.now
	}
	return f.at
}

// refusals are what the collector says of an identity that it does not take.
var refusals = map[api.Code]struct{ is, do say.Key }{
	api.CodeRevoked:      {"identity_revoked", "do_enrol_revoked"},
	api.CodeTwin:         {"identity_twin", "do_enrol_twin"},
	api.CodeExpired:      {"identity_refused_expired", "do_renew"},
	api.CodeUnauthorized: {"identity_unauthorized", "do_enrol"},
	api.CodeForbidden:    {"identity_forbidden", "do_tell_noc"},
}

func refusedFinding(code api.Code, status int) *Finding {
	r, known := refusals[code]
	if !known || api.Answers[code].Status != status {
		return nil
	}
	f := bad(CheckIdentity, said(r.is), said(r.do))
	return &f
}

func (f *facts) accepted() Finding {
	leaf, c := f.identity.leaf, f.collector
	switch c.status {
	case http.StatusOK, http.StatusNotModified:
		if leaf != nil {
			return good(CheckIdentity, said("identity_ok", shown(leaf.Subject.CommonName), day(leaf.NotAfter)))
		}
		return good(CheckIdentity, said("identity_token"))
	case 0:
		if leaf != nil {
			return skipped(CheckIdentity, said("identity_unasked", day(leaf.NotAfter)))
		}
		return skipped(CheckIdentity, f.untimed())
	}
	return skipped(CheckIdentity, said("identity_unknown", c.status))
}
