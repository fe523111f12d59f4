package center

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"communewatch/collector/api"
	"communewatch/collector/enrol"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// identities are who may come in, how the collector shows itself, and who gives new
// certificates: this machine if it has the role, else another one.
type identities struct {
	certificate    tls.Certificate
	renew          func() (tls.Certificate, error)
	identify       func(token string) (api.Identity, bool)
	certify        func(chain []*x509.Certificate, renewing bool) (api.Identity, *api.Error)
	twin           func(of api.Identity, what string)
	enrol, renewal http.Handler
}

// identities is given how people call a site.
func (c *Center) identities(label func(site string) string) (*identities, error) {
	tokens, err := enrol.OpenTokens(TokensFile(c.cfg.Data))
	if err != nil {
		return nil, err
	}
	registry, err := enrol.OpenRegistry(AgentsFile(c.cfg.Data))
	if err != nil {
		return nil, err
	}
	of := &identities{identify: tokens.Identify}
	if c.cfg.Has(RoleEnrol) {
		err = c.enrolling(of, label, tokens, registry)
	} else {
		err = c.verifying(of, registry)
	}
	if err != nil {
		return nil, err
	}
	of.certificate, err = of.renew()
	return of, err
}

// enrolling is the one machine that has the authority's key.
func (c *Center) enrolling(of *identities, label func(site string) string, tokens *enrol.Tokens, registry *enrol.Registry) error {
	authority, err := enrol.OpenAuthority(KeysDir(c.cfg.Data))
	if err != nil {
		return err
	}
	invitations, err := enrol.OpenInvitations(InvitationsFile(c.cfg.Data))
	if err != nil {
		return err
	}
	enroller, err := enrol.NewEnroller(enrol.EnrollerDeps{
		Authority: authority, Registry: registry, Invitations: invitations, Tokens: tokens, Label: label, Log: c.log,
	})
	if err != nil {
		return err
	}
	of.renew = func() (tls.Certificate, error) { return authority.ServerCertificate(Names(c.cfg)) }
	of.certify = enroller.Verifier().Certify
	of.enrol, of.renewal = enroller.EnrolHandler(), enroller.RenewHandler()
	of.twin = func(id api.Identity, what string) {
		if err := registry.NoteTwin(enrol.Holder{Site: id.Site, Agent: id.Agent}, what); err != nil {
			c.log.Error("a noticed copy cannot be kept", "site", id.Site, "error", err)
		}
	}
	return nil
}

// verifying is every other machine: it opens ca.crt, server.pem and the registry, and
// never looks for the key.
func (c *Center) verifying(of *identities, registry *enrol.Registry) error {
	verifier, err := enrol.OpenVerifier(KeysDir(c.cfg.Data), registry, c.log)
	if err != nil {
		return err
	}
	of.renew, of.certify = verifier.ServerCertificate, verifier.Certify
	of.enrol, of.renewal = enrol.Elsewhere(), enrol.Elsewhere()
	return nil
}

func labelOf(sites *inventory.Inventory, id string, lang say.Lang) string {
	if site, ok := sites.Site(id); ok {
		return site.Label(lang)
	}
	return id
}

// takesNone answers writes on a machine without the role.
func takesNone() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		(&api.Error{Code: api.CodeNotFound, Message: "this machine takes no measurements (its roles lack ingest): another one of the collector's does"}).WriteTo(w)
	})
}
