package api

import "context"

// Identity is who a request comes from: proven by a token or a client
// certificate, never taken from what the sender wrote.
type Identity struct {
	Site   string // "bd-21997"; never changes, the only identity in stored data
	Agent  string // "a1": which of the site's agents
	Via    string // "token" or "certificate"
	Serial string // of the certificate, hexadecimal; empty for a token
}

type identityKey struct{}

// WithIdentity hands an identity to the handlers behind the gate.
func WithIdentity(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// IdentityFrom finds it; false means that the gate let an unknown caller pass,
// and the handler must refuse.
func IdentityFrom(ctx context.Context) (Identity, bool) {
	id, ok := ctx.Value(identityKey{}).(Identity)
	return id, ok
}
