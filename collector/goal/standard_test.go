package goal

import "testing"

func TestTheEmbeddedStandardIsRight(t *testing.T) {
	s, err := decode("goal-2023-05.yaml", []byte(StandardText), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.ID != "may-2023" || len(s.Criteria) != 18 {
		t.Errorf("%s has %d criteria", s.ID, len(s.Criteria))
	}
	t.Log(s.Columns())
}
