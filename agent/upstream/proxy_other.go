//go:build !windows

package upstream

// systemProxies: outside Windows the environment says it all.
func systemProxies() []systemProxy { return nil }
