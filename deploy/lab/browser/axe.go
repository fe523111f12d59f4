package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// axeFile is what `make setup` installs by package-lock.json.
var axeFile = filepath.Join("node_modules", "axe-core", "axe.min.js")

var readAxe = sync.OnceValues(func() (string, error) {
	data, err := os.ReadFile(axeFile)
	return string(data), err
})

// rules are those of WCAG 2.2, levels A and AA.
const rules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]`

// alike are rows of a long table: what is wrong with them is wrong with those before, and
// 159 of them take ten times as long.
const alike = ".sites tbody tr:nth-child(n+16)"

// Violations are what axe-core finds on the page that is open, a line for each element.
func (t *Tab) Violations() []string {
	t.tb.Helper()
	source, err := readAxe()
	if err != nil {
		t.tb.Fatalf("no axe-core: run `make setup` (%v)", err)
	}
	t.Do(chromedp.Evaluate[chromedp.Void](source + "\n;undefined"))
	text := Eval[string](t, `axe.run({exclude: [["`+alike+`"]]}, {runOnly: {type: "tag", values: `+rules+`}, resultTypes: ["violations"], elementRef: false})
		.then(r => JSON.stringify(r.violations.flatMap(v => v.nodes.map(n => ({rule: v.id, at: n.target.join(" "), why: n.failureSummary, html: n.html})))))`)
	var found []struct{ Rule, At, Why, HTML string }
	t.must(json.Unmarshal([]byte(text), &found))
	var out []string
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s: %s: %s: %.200s", f.Rule, f.At, strings.Join(strings.Fields(f.Why), " "), f.HTML))
	}
	return out
}
