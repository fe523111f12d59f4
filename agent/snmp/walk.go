package snmp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gosnmp/gosnmp"
)

var (
	errEmpty         = errors.New("the answer is empty")
	errNotIncreasing = errors.New("the answer goes backwards")
)

// maxSilences is after how many unanswered requests in a row, each with its
// retries and each for less than the one before, a walk is given up.
const maxSilences = 3

// walk visits every variable below root, in order, with what follows root in its
// name. It ends well where the device shows that nothing more is below root, and
// with an error that says where it stopped in every other case: what was visited
// until then is right. expect is how many there will probably be, 0 = unknown; no
// more than most are visited.
func (c *conversation) walk(root string, expect, most int, visit func(suffix string, v gosnmp.SnmpPDU)) error {
	last := root
	for seen := 0; ; {
		asked := c.pace.now
		if expect > 0 && expect >= seen {
			asked = min(asked, expect-seen+1) // one more shows that the end is the end
		}
		answer, err := c.following(last, asked)
		if err != nil {
			return stopped(last, err)
		}
		for _, v := range answer.Variables {
			if none(v) {
				return nil
			}
			if !after(v.Name, last) {
				return stopped(last, errNotIncreasing)
			}
			suffix, inside := strings.CutPrefix(v.Name, root+".")
			if !inside {
				return nil
			}
			if seen == most {
				return stopped(last, fmt.Errorf("more than %d rows", most))
			}
			visit(suffix, v)
			last = v.Name
			seen++
		}
		if answer.Error == gosnmp.NoSuchName {
			return nil // how version 1, and a proxy to it, says "no more"
		}
		if asked == c.pace.now {
			c.pace.faster()
		}
	}
}

// following asks for what follows an OID, at most n variables; one is asked for
// with GetNext, which also works where GetBulk does not. What is too much for the
// device or the way to it is asked for again in halves, down to single steps.
func (c *conversation) following(oid string, n int) (*gosnmp.SnmpPacket, error) {
	before := *c.pace
	for silences := 0; ; n = c.pace.slower(n) {
		answer, err := c.next(oid, n)
		switch {
		case err == nil && answer.Error == gosnmp.TooBig:
			err = status(answer.Error)
		case err == nil && answer.Error == gosnmp.NoError && len(answer.Variables) == 0:
			err = errEmpty
		case errors.Is(err, errNoAnswer):
			silences++
		case err != nil:
			return nil, err
		case answer.Error == gosnmp.NoSuchName:
			answer.Variables = nil
			return answer, nil
		case answer.Error != gosnmp.NoError:
			return nil, status(answer.Error)
		}
		switch {
		case err == nil:
			return answer, nil
		case n == 1 && silences == 0:
			*c.pace = before // asking for less did not help, so the size was not the matter
			return nil, err
		case n == 1 || silences == maxSilences:
			return nil, err
		}
	}
}

func (c *conversation) next(oid string, n int) (*gosnmp.SnmpPacket, error) {
	return c.ask(func() (*gosnmp.SnmpPacket, error) {
		if n == 1 {
			return c.handle.GetNext([]string{oid})
		}
		return c.handle.GetBulk([]string{oid}, 0, uint32(n))
	})
}

// none is a variable that says that there is none. The first is the right one at
// the end; some devices say one of the others.
func none(v gosnmp.SnmpPDU) bool {
	return v.Type == gosnmp.EndOfMibView || v.Type == gosnmp.NoSuchObject || v.Type == gosnmp.NoSuchInstance
}

func stopped(oid string, err error) error {
	return fmt.Errorf("after %s: %w", oid[1:], err)
}

// after tells whether an OID comes behind another in the order of walks. Both are
// as gosnmp writes them, ".1.3.6".
func after(oid, other string) bool {
	for {
		a, restA, moreA := arc(oid)
		b, restB, moreB := arc(other)
		switch {
		case !moreA:
			return false
		case !moreB:
			return true
		case a != b:
			return a > b
		}
		oid, other = restA, restB
	}
}

// arc takes the first number of an OID off it.
func arc(oid string) (n uint64, rest string, more bool) {
	if len(oid) < 2 || oid[0] != '.' {
		return 0, "", false
	}
	i := 1
	for i < len(oid) && oid[i] != '.' {
		n = n*10 + uint64(oid[i]-'0')
		i++
	}
	return n, oid[i:], true
}
