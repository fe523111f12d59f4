package dashboards

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// token is a piece of InfluxQL: "name" is an identifier, 'text' a string, /…/ a
// pattern, the rest words, numbers and signs.
var token = regexp.MustCompile(`"[^"]*"|'[^']*'|/\^(?:[^/\\]|\\.)+/|\$\w+|\w+|[^\s\w]`)

// Words a statement may have without quotes; everything else must be quoted, so
// that names can be told from language.
var (
	language = strings.Fields("SELECT FROM WHERE AND GROUP BY AS fill none null time now SHOW TAG VALUES WITH KEY true false")
	folds    = strings.Fields("sum count mean min max percentile") // need GROUP BY time, see TestStatements…
	picks    = strings.Fields("last first")
	walks    = strings.Fields("derivative non_negative_derivative cumulative_sum")
	macros   = strings.Fields("$timeFilter $__interval $site $target")
)

// statements are all queries of panels and variables, by where they stand.
func statements(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	for _, b := range built(t, say.Vietnamese) {
		for _, p := range b.panels() {
			for _, q := range p.Targets {
				list[fmt.Sprintf("%s panel %d %s", b.UID, p.ID, q.RefID)] = q.Query
			}
		}
		for _, a := range b.Annotations.List {
			list[fmt.Sprintf("%s annotation %s", b.UID, a.Name)] = a.Target.Query
		}
		for _, v := range b.Templating.List {
			if v.Type != "query" {
				continue
			}
			list[fmt.Sprintf("%s variable %s", b.UID, v.Name)] = v.Query
		}
	}
	if len(list) < 100 {
		t.Fatalf("found only %d statements", len(list))
	}
	return list
}

func TestEveryNameInAStatementIsOfTheContract(t *testing.T) {
	for where, s := range statements(t) {
		for _, complaint := range strangers(s) {
			t.Errorf("%s: %s\n%s", where, complaint, s)
		}
	}
}

// strangers are the names of a statement that the contract does not have: names
// that the statement gives itself (AS "…") are known from there outwards.
func strangers(statement string) []string {
	var complaints []string
	var measurement *api.Measurement
	given := map[string]bool{}
	tokens := token.FindAllString(statement, -1)
	for i, tok := range tokens {
		before := ""
		if i > 0 {
			before = tokens[i-1]
		}
		switch {
		case tok[0] == '"' && before == "FROM":
			if measurement = api.Lookup(strings.Trim(tok, `"`)); measurement == nil {
				complaints = append(complaints, "unknown measurement "+tok)
			}
		case tok[0] == '"' && before == "AS":
			given[tok] = true
		}
	}
	for i, tok := range tokens {
		if tok[0] != '"' || i > 0 && (tokens[i-1] == "FROM" || tokens[i-1] == "AS") || given[tok] {
			continue
		}
		if !inContract(measurement, strings.Trim(tok, `"`)) {
			complaints = append(complaints, "unknown tag or field "+tok)
		}
	}
	for _, tok := range tokens {
		bare := regexp.MustCompile(`^[$A-Za-z_]\w*$`).MatchString(tok)
		if bare && !slices.Contains(slices.Concat(language, folds, picks, walks, macros), tok) {
			complaints = append(complaints, "unknown word "+tok)
		}
	}
	return complaints
}

func inContract(m *api.Measurement, name string) bool {
	if name == api.TagSite || name == api.TagAgent {
		return true
	}
	if m == nil {
		return false
	}
	return m.Field(name) != nil || slices.ContainsFunc(m.Tags, func(t api.Tag) bool { return t.Name == name })
}

func TestStrangersAreFound(t *testing.T) {
	for statement, want := range map[string]string{
		`SELECT mean("rtt") AS "v" FROM "ping"`:               `unknown tag or field "rtt"`,
		`SELECT mean("sent") AS "v" FROM "pings"`:             `unknown measurement "pings"`,
		`SELECT median("sent") AS "v" FROM "ping"`:            `unknown word median`,
		`SELECT last("sent") FROM "ping" GROUP BY "commune"`:  `unknown tag or field "commune"`,
		`SELECT last("up") FROM "device" WHERE site = 'bd-1'`: `unknown word site`,
	} {
		if got := strangers(statement); !slices.Contains(got, want) {
			t.Errorf("%s: found %q, want %q", statement, got, want)
		}
	}
}

// The rules under which a statement means the same on every engine.
func TestStatementsKeepToTheRulesForAllEngines(t *testing.T) {
	for where, s := range statements(t) {
		for _, complaint := range broken(s) {
			t.Errorf("%s: %s\n%s", where, complaint, s)
		}
	}
}

func broken(statement string) []string {
	var complaints []string
	say := func(s string) { complaints = append(complaints, s) }
	for _, word := range []string{"LIMIT", "SLIMIT", "OFFSET", "SOFFSET", "INTO", "DELETE", "DROP"} {
		if regexp.MustCompile(`(?i)\b` + word + `\b`).MatchString(statement) {
			say(word + " is not the same everywhere")
		}
	}
	if regexp.MustCompile(`FROM\s*/`).MatchString(statement) {
		say("FROM a pattern")
	}
	if regexp.MustCompile(`"\."|"\s*\.\s*"`).MatchString(statement) {
		say("retention policy in the statement")
	}
	for _, pattern := range regexp.MustCompile(`=~\s*(/[^/]*/)`).FindAllStringSubmatch(statement, -1) {
		if !regexp.MustCompile(`^/\^(\$\{\w+:regex\}|\(\?:[\w|]+\))\$/$`).MatchString(pattern[1]) {
			say("pattern " + pattern[1] + " is not anchored at both ends")
		}
	}
	if strings.HasPrefix(statement, "SHOW") {
		return complaints
	}
	for _, level := range levels(statement) {
		if !strings.Contains(level, "$timeFilter") && !strings.Contains(level, lately) {
			say("no time range in: " + level)
		}
		if regexp.MustCompile(`\b(`+strings.Join(folds, "|")+`)\(`).MatchString(level) && !strings.Contains(level, "GROUP BY time(") {
			say("an aggregate without GROUP BY time in: " + level)
		}
		if strings.Contains(level, " / ") && !strings.Contains(statement, `" > 0 AND`) {
			say("a ratio that may divide by zero")
		}
	}
	return complaints
}

// levels are a statement and its subqueries, each without those within it.
func levels(statement string) []string {
	inner := strings.Index(statement, "FROM (")
	if inner < 0 {
		return []string{statement}
	}
	depth, end := 0, 0
	for i := inner + 5; i < len(statement); i++ {
		switch statement[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			end = i
			break
		}
	}
	return append([]string{statement[:inner] + statement[end+1:]}, levels(statement[inner+6:end])...)
}

func TestBrokenRulesAreFound(t *testing.T) {
	for _, s := range []string{
		`SELECT mean("sent") FROM "ping" WHERE $timeFilter`,
		`SELECT last("sent") FROM "ping" GROUP BY "site"`,
		`SELECT last("sent") FROM "ping" WHERE $timeFilter GROUP BY "site" LIMIT 1`,
		`SELECT last("sent") FROM "raw"."ping" WHERE $timeFilter`,
		`SELECT last("sent") FROM "ping" WHERE "role" =~ /lan/ AND $timeFilter`,
		`SELECT mean("a") FROM (SELECT sum("sent") AS "a" FROM "ping" WHERE $timeFilter) WHERE $timeFilter GROUP BY time(1m)`,
	} {
		if len(broken(s)) == 0 {
			t.Errorf("nothing found wrong in %s", s)
		}
	}
}

// What a variable asks goes out without a policy, so it must be kept in the default one.
func TestEveryQueryAsksTheMeasurementsPolicy(t *testing.T) {
	policy := func(query string) string {
		return string(api.Lookup(fromMeasurement.FindStringSubmatch(query)[1]).Retention)
	}
	for _, b := range built(t, say.Vietnamese) {
		for _, p := range b.panels() {
			for _, q := range p.Targets {
				if q.Policy != policy(q.Query) || !q.RawQuery {
					t.Errorf("%s: %q asks %+v, policy should be %s", b.UID, p.Title, q, policy(q.Query))
				}
			}
		}
		for _, a := range b.Annotations.List {
			if a.Target.Policy != policy(a.Target.Query) || !a.Target.RawQuery || a.Target.ResultFormat != asTable {
				t.Errorf("%s: annotation %q asks %+v", b.UID, a.Name, a.Target)
			}
		}
		for _, v := range b.Templating.List {
			if v.Type == "query" && policy(v.Query) != string(api.Raw) {
				t.Errorf("%s: variable %s asks what is kept in %s, and Grafana sends no policy with it", b.UID, v.Name, policy(v.Query))
			}
		}
	}
}
