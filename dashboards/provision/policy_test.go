package provision

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const (
	oldRoute  = `{"object_matchers":[["communewatch","=~","alarm"],["communewatch_version","!=","cw-old"]],"receiver":"x"}`
	newRoute  = `{"object_matchers":[["communewatch","=~","alarm"],["communewatch_version","!=","cw-new"]],"receiver":"y"}`
	handMade  = `{"object_matchers":[["communewatch","=","alarm"],["provider","=","VNPT"]],"receiver":"<b>"}`
	catchAll  = `{"receiver":"all","continue":false}`
	falseMark = `{"object_matchers":[["communewatch_version","=","cw-new"]],"receiver":"z"}`
)

func TestOurRouteIsGraftedAndNothingElseMoves(t *testing.T) {
	for name, c := range map[string]struct{ tree, want string }{
		"a bare tree":           {`{"receiver":"r"}`, `{"receiver":"r","routes":[` + newRoute + `]}`},
		"before others":         {`{"receiver":"r","routes":[` + catchAll + `,` + handMade + `]}`, `{"receiver":"r","routes":[` + newRoute + `,` + catchAll + `,` + handMade + `]}`},
		"in the place of ours":  {`{"receiver":"r","routes":[` + handMade + `,` + oldRoute + `,` + catchAll + `]}`, `{"receiver":"r","routes":[` + handMade + `,` + newRoute + `,` + catchAll + `]}`},
		"where people moved it": {`{"receiver":"r","routes":[{"receiver":"a","routes":[` + handMade + `,` + oldRoute + `]}]}`, `{"receiver":"r","routes":[{"receiver":"a","routes":[` + handMade + `,` + newRoute + `]}]}`},
		"not a lookalike":       {`{"receiver":"r","routes":[` + falseMark + `]}`, `{"receiver":"r","routes":[` + newRoute + `,` + falseMark + `]}`},
		"null for none":         {`{"receiver":"r","routes":null}`, `{"receiver":"r","routes":[` + newRoute + `]}`},
		"there already":         {`{"receiver":"r","routes":[` + newRoute + `]}`, ``},
		"there, edited by hand": {`{"receiver":"r","routes":[` + strings.Replace(newRoute, `"y"`, `"edited"`, 1) + `]}`, ``},
	} {
		grown, _, err := graft(json.RawMessage(c.tree), json.RawMessage(newRoute))
		if diff := cmp.Diff(c.want, string(grown)); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

// Whatever tree people have: what is theirs is the same after, in the same order, and
// a second time there is nothing to do.
func TestGraftingIntoAnyTreeKeepsItAndEndsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := drawTree(t, 0)
		grown, _, err := graft(json.RawMessage(tree), json.RawMessage(newRoute))
		if err != nil {
			t.Fatal(err)
		}
		if without := strings.Replace(strings.Replace(string(grown), newRoute+",", "", 1), newRoute, "", 1); without != tree {
			t.Fatalf("tree\n%s\nbecame\n%s", tree, grown)
		}
		if again, _, err := graft(grown, json.RawMessage(newRoute)); again != nil || err != nil {
			t.Fatalf("a second time: %s %v", again, err)
		}
		if next, _, err := graft(grown, json.RawMessage(oldRoute)); err != nil || string(next) != strings.Replace(string(grown), newRoute, oldRoute, 1) {
			t.Fatalf("another version: %s %v", next, err)
		}
	})
}

func drawTree(t *rapid.T, depth int) string {
	var children []string
	if depth < 3 {
		for range rapid.IntRange(0, 3).Draw(t, "children") {
			children = append(children, drawTree(t, depth+1))
		}
	}
	text, _ := encode(rapid.SampledFrom([]string{"Zalo trực ban", "<&>", "\u2028", `"\`, ""}).Draw(t, "receiver"))
	number := rapid.SampledFrom([]string{"1.50", "12345678901234567890", "1e400", "-0"}).Draw(t, "number")
	return `{"a":` + number + `,"receiver":` + string(text) + `,"routes":[` + strings.Join(children, ",") + `]}`
}
