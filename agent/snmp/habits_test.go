package snmp

import "testing"

// paced gives how many are asked for at once after some answers: y is a whole one,
// n is none, t is tooBig, r is a poll without trouble.
func paced(p *pace, answers string) int {
	for _, a := range answers {
		switch a {
		case 'y':
			p.heard(p.now)
			p.faster()
		case 'n':
			p.unheard(p.now)
		case 't':
			p.slower(p.now)
		case 'r':
			p.rested()
		}
	}
	return p.now
}

func TestAsMuchIsAskedForAsADeviceBears(t *testing.T) {
	hour := ""
	for range calmPolls {
		hour += "r"
	}
	for _, c := range []struct {
		name, answers string
		want          int
	}{
		{"at first", "", startVariables},
		{"it grows", "yyyy", mostVariables},
		{"what is too big is halved", "yt", 10},
		{"and not tried again", "ytyyyy", 10},
		{"but after an hour", "yt" + hour + "yy", 13},
		{"an hour that trouble interrupts is none", "yt" + hour[1:] + "t" + hour[1:] + "yy", 5},
		{"a lost packet is forgotten", "yyyynyy", mostVariables},
		{"two of them are not", "yyyynyn", 25},
		{"nor then tried again", "yyyynynyyy", 25},
		{"one is the least", "ttttttt", 1},
		{"and it grows again", "ttttttt" + hour + "yy", 2},
	} {
		if got := paced(&newHabits().pace, c.answers); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
