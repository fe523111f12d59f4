package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"

	"communewatch/dashboards"
)

// policy puts our route into the tree of notification policies. The tree is one
// object in Grafana's API, without a version: it is read, our route is put in, and all
// else goes back as it came, in the same moment.
func (g *grafana) policy(ctx context.Context, ours alerting.NotificationPolicy) (Object, error) {
	o := Object{Kind: "policy", UID: dashboards.VersionLabel}
	tree, err := g.readPolicies(ctx)
	if err != nil {
		return o, err
	}
	raw, err := json.Marshal(ours)
	if err != nil {
		return o, err
	}
	grown, was, err := graft(tree, raw)
	if err != nil {
		return o, err
	}
	if grown == nil {
		o.Outcome = Unchanged
		return o, nil
	}
	var root struct{ Provenance string }
	if err := json.Unmarshal(tree, &root); err != nil {
		return o, err
	}
	if root.Provenance != "" {
		return o, fmt.Errorf("%w. Put in there a route for the label %s", errFromFile, dashboards.AlertLabel)
	}
	o.Outcome = Created
	if was != nil {
		o.Outcome = Updated
		var before, after map[string]any
		if err := errors.Join(json.Unmarshal(was, &before), json.Unmarshal(raw, &after)); err != nil {
			return o, err
		}
		o.Diff = changes(before, after)
	}
	return o, g.writePolicies(ctx, grown)
}

// graft puts a route of ours into a tree: where the one of another version is, else
// before all others, since somebody's route for everything would take our alerts, and
// ours takes nobody else's. Every other route stays as it is, byte for byte. grown is
// nil if ours is there in this version; was is what it replaces.
func graft(tree, ours json.RawMessage) (grown, was json.RawMessage, err error) {
	version := markIn(ours)
	found, err := marked(tree)
	switch {
	case err != nil:
		return nil, nil, err
	case len(found) > 1:
		return nil, nil, fmt.Errorf("there are %d routes with the matcher %s; nothing was changed: remove all but one", len(found), dashboards.VersionLabel)
	case len(found) == 0:
		grown, err = insertFirst(tree, ours)
		return grown, nil, err
	case markIn(found[0]) == version:
		return nil, nil, nil
	}
	grown, err = replace(tree, ours)
	return grown, found[0], err
}

// markIn is the version that a route says, empty if it is none of ours.
func markIn(route json.RawMessage) string {
	var r struct {
		ObjectMatchers [][]string `json:"object_matchers"`
	}
	if json.Unmarshal(route, &r) != nil {
		return ""
	}
	for _, m := range r.ObjectMatchers {
		if len(m) == 3 && m[0] == dashboards.VersionLabel && m[1] == "!=" {
			return m[2]
		}
	}
	return ""
}

// marked are all routes of ours, wherever somebody has moved them.
func marked(route json.RawMessage) (found []json.RawMessage, err error) {
	_, children, err := open(route)
	if err != nil {
		return nil, err
	}
	for _, child := range children {
		if markIn(child) != "" {
			found = append(found, child)
			continue
		}
		below, err := marked(child)
		if err != nil {
			return nil, err
		}
		found = append(found, below...)
	}
	return found, nil
}

func insertFirst(tree, ours json.RawMessage) (json.RawMessage, error) {
	fields, children, err := open(tree)
	if err != nil {
		return nil, err
	}
	return closed(fields, append([]json.RawMessage{ours}, children...))
}

func replace(route, ours json.RawMessage) (json.RawMessage, error) {
	fields, children, err := open(route)
	if err != nil {
		return nil, err
	}
	for i, child := range children {
		below, err := marked(child)
		switch {
		case err != nil:
			return nil, err
		case markIn(child) != "":
			children[i] = ours
		case len(below) > 0:
			if children[i], err = replace(child, ours); err != nil {
				return nil, err
			}
		}
	}
	return closed(fields, children)
}

// open takes a route apart and touches nothing within.
func open(route json.RawMessage) (fields map[string]json.RawMessage, children []json.RawMessage, err error) {
	if err := json.Unmarshal(route, &fields); err != nil {
		return nil, nil, fmt.Errorf("read the notification policies: %w", err)
	}
	if raw, ok := fields["routes"]; ok {
		if err := json.Unmarshal(raw, &children); err != nil {
			return nil, nil, fmt.Errorf("read the notification policies: %w", err)
		}
	}
	return fields, children, nil
}

func closed(fields map[string]json.RawMessage, children []json.RawMessage) (json.RawMessage, error) {
	routes, err := encode(children)
	if err != nil {
		return nil, err
	}
	fields["routes"] = routes
	return encode(fields)
}
