package api

import (
	"context"
	"strings"
)

// UserRole is what a person at the pages may do; each holds what those before it may.
type UserRole string

// Roles of a person.
const (
	RoleViewer   UserRole = "viewer"   // reads
	RolePlanner  UserRole = "planner"  // imports what communes declare, publishes reports
	RoleOperator UserRole = "operator" // writes notes on incidents, manages
)

// UserRoles lists them, the least first.
const UserRoles = "viewer planner operator"

// May tells whether the role holds another one. One that is none of ours may nothing.
func (r UserRole) May(need UserRole) bool {
	rank := func(r UserRole) int {
		for i, name := range strings.Fields(UserRoles) {
			if name == string(r) {
				return i
			}
		}
		return -1
	}
	return rank(r) >= 0 && rank(need) >= 0 && rank(r) >= rank(need)
}

// Visitor is a person who was proven to be who they say, or, where the pages are
// reached from this machine only and no users are kept, whoever sits at it.
type Visitor struct {
	Name string // as in the users' file; empty: this machine's own, without a users' file
	Role UserRole
	CSRF string // token that each form must send back as "csrf"; empty: there is no session
}

type visitorKey struct{}

// WithVisitor hands a proven person on.
func WithVisitor(ctx context.Context, v Visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

// VisitorFrom is who is reading; false: nobody was proven, and nothing may be shown.
func VisitorFrom(ctx context.Context) (Visitor, bool) {
	v, ok := ctx.Value(visitorKey{}).(Visitor)
	return v, ok
}
