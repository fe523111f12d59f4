package store

import "testing"

// Rule W3: the body decides before the status.
func TestWhatAnAnswerToAWriteMeans(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  answer
		want    meaning
		dropped int
	}{
		{"1.8, a type conflict", answer{status: 400, said: `partial write: field type conflict: input field "f" on measurement "m" is type integer, already exists as type float dropped=3`}, refused, 3},
		{"1.8, too old", answer{status: 400, said: "partial write: points beyond retention policy dropped=12"}, refused, 12},
		{"1.8, unreadable, the others are in", answer{status: 400, said: "partial write: unable to parse 'm f= 1': missing field value dropped=0"}, refused, 0},
		{"1.8, unreadable, nothing is in", answer{status: 400, said: "unable to parse 'm f= 1': missing field value"}, refused, 0},
		{"a cluster, a type conflict", answer{status: 500, said: "write failed: partial write: field type conflict: … dropped=1"}, refused, 1},
		{"a cluster, too few copies", answer{status: 500, said: "partial write"}, later, 0},
		{"a cluster, no copy", answer{status: 500, said: "write failed"}, later, 0},
		{"a cluster, no copy in time", answer{status: 500, said: "timeout"}, later, 0},
		{"duplicate tag", answer{status: 500, said: "duplicate tag key"}, refused, 0},
		{"2.7, too old", answer{status: 422, said: "failure writing points to database: partial write: dropped 1 points outside retention policy"}, refused, 0},
		{"bad request without a known word", answer{status: 400, said: "invalid number"}, refused, 0},
		{"unprocessable", answer{status: 422}, refused, 0},
		{"too large", answer{status: 413, said: "Request Entity Too Large"}, refused, 0},
		{"1.8, no database", answer{status: 404, said: `database not found: "communewatch"`}, misconfigured, 0},
		{"1.8, no policy", answer{status: 500, said: "retention policy not found: raw"}, misconfigured, 0},
		{"2.7, no bucket", answer{status: 404, said: `bucket "communewatch/raw" not found`}, misconfigured, 0},
		{"not found, no word", answer{status: 404, said: "404 page not found"}, misconfigured, 0},
		{"a shard that is not found", answer{status: 500, said: "shard not found"}, later, 0},
		{"wrong password", answer{status: 401, said: "authorization failed"}, misconfigured, 0},
		{"no password, in words as of a bad line", answer{status: 401, said: "unable to parse authentication credentials"}, misconfigured, 0},
		{"not allowed", answer{status: 403, said: `"u" user is not authorized to write to database "communewatch"`}, misconfigured, 0},
		{"a login page", answer{status: 200, said: "<!doctype html>", foreign: true}, misconfigured, 0},
		{"a proxy's page", answer{status: 400, said: "<html>Bad Request</html>", foreign: true}, misconfigured, 0},
		{"a JSON that is no 204", answer{status: 200, said: `{"ok":true}`}, misconfigured, 0},
		{"elsewhere", answer{status: 302}, misconfigured, 0},
		{"too many", answer{status: 429}, later, 0},
		{"the cache is full", answer{status: 500, said: "engine: cache-max-memory-size exceeded: (1073741824/1073741824)"}, later, 0},
		{"starting", answer{status: 503}, later, 0},
		{"a gateway", answer{status: 502}, later, 0},
	} {
		if got := meaningOf(&c.answer); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if got := c.answer.dropped(); got != c.dropped {
			t.Errorf("%s: dropped %d, want %d", c.name, got, c.dropped)
		}
	}
}

func TestAComplaintIsTakenOutOfEveryShape(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"partial write: x dropped=1"}` + "\n": "partial write: x dropped=1",
		`{"code":"invalid","message":"bad line"}`:       "bad line",
		"plain words\n": "plain words",
		`{"other":1}`:   `{"other":1}`,
		"":              "",
	} {
		if got := complaint([]byte(body)); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}
