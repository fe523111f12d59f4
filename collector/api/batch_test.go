package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestABatchListIsReadAsItIsWritten(t *testing.T) {
	var list BatchList
	for _, sequence := range []uint64{17, 3, 4, 5, 7} {
		list = list.Add("5f2c9a01", sequence)
	}
	list = list.Add("aaaabbbb", 8).Add("aaaabbbb", 9)
	const want = "5f2c9a01/17,5f2c9a01/3-5,5f2c9a01/7,aaaabbbb/8-9"
	if list.String() != want || list.Len() != 7 {
		t.Fatalf("%s, %d batches", list, list.Len())
	}
	got, err := ParseBatchList(want)
	if d := cmp.Diff(list, got); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	if all, err := ParseBatchList("00000000/1-4096"); err != nil || all.Len() != MaxBatches {
		t.Errorf("as many as there may be: %d, %v", all.Len(), err)
	}
}

func TestABatchListThatCannotBeReadIsComplainedOf(t *testing.T) {
	const shape, numbers, many = ", want session/sequence or session/first-last", ", want numbers first ≤ last below 2^53", HeaderBatches + " names more than 4096 batches"
	for in, want := range map[string]string{
		"":                              HeaderBatches + " is missing or empty",
		"x":                             HeaderBatches + ` has "x"` + shape,
		"5f2c9a0/1":                     HeaderBatches + ` has "5f2c9a0/1"` + shape,
		"5F2C9A01/1":                    HeaderBatches + ` has "5F2C9A01/1"` + shape,
		strings.Repeat("a", 33) + "/1":  HeaderBatches + ` has "` + strings.Repeat("a", 33) + `/1"` + shape,
		"5f2c9a01/1,":                   HeaderBatches + ` has ""` + shape,
		"5f2c9a01/":                     HeaderBatches + ` has "5f2c9a01/"` + numbers,
		"5f2c9a01/-1":                   HeaderBatches + ` has "5f2c9a01/-1"` + numbers,
		"5f2c9a01/5-3":                  HeaderBatches + ` has "5f2c9a01/5-3"` + numbers,
		"5f2c9a01/9007199254740992":     HeaderBatches + ` has "5f2c9a01/9007199254740992"` + numbers,
		"5f2c9a01/1-2-3":                HeaderBatches + ` has "5f2c9a01/1-2-3"` + numbers,
		"5f2c9a01/1-4097":               many,
		"5f2c9a01/1-4000,5f2c9a01/1-97": many,
		"5f2c9a01/0-9007199254740991":   many,
	} {
		if list, err := ParseBatchList(in); err == nil || err.Error() != want || list != nil {
			t.Errorf("%q: %v, %v, want %s", in, list, err, want)
		}
	}
}

func TestAnAnswerIsWrittenByTheTable(t *testing.T) {
	for code, row := range Answers {
		if code == CodeStored {
			continue
		}
		w := httptest.NewRecorder()
		e := &Error{Code: code, Message: "why", Lines: []RejectedLine{{3, "bad"}}, RetryAfter: 1500 * time.Millisecond}
		e.WriteTo(w)
		var back Error
		if err := json.Unmarshal(w.Body.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		e.RetryAfter = 0
		if d := cmp.Diff(*e, back); d != "" || w.Code != row.Status || w.Header().Get("Retry-After") != "2" {
			t.Errorf("%s: %d, Retry-After %q %s", code, w.Code, w.Header().Get("Retry-After"), d)
		}
	}
	w := httptest.NewRecorder()
	(&Error{Code: CodeForbidden, Message: "no"}).WriteTo(w)
	if w.Header().Get("Retry-After") != "" || w.Body.String() != `{"code":"forbidden","message":"no"}`+"\n" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if (&Error{Code: CodeForbidden, Message: "no"}).Error() != "forbidden: no" {
		t.Error("an error does not say its code and message")
	}
}

func TestNoAnswerButStoredLetsAnAgentDelete(t *testing.T) {
	for code, row := range Answers {
		if (row.Action == Delete) != (code == CodeStored) || (row.Status < 400) != (code == CodeStored) || row.Action == 0 || http.StatusText(row.Status) == "" {
			t.Errorf("%s: %d, action %d", code, row.Status, row.Action)
		}
	}
}

func TestAnIdentityReachesTheHandlersAndNothingElseDoes(t *testing.T) {
	if _, ok := IdentityFrom(t.Context()); ok {
		t.Error("an identity out of nothing")
	}
	want := Identity{"bd-1", "a1", "token", ""}
	if got, ok := IdentityFrom(WithIdentity(t.Context(), want)); !ok || got != want {
		t.Errorf("%v, %v", got, ok)
	}
}
