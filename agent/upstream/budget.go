package upstream

import "time"

// MinDailyBytes is the smallest budget that makes sense: with less, one request of an
// office with some devices is more than may go at once.
const MinDailyBytes = 256 << 10

// budget is a token bucket of bytes on the line, by the session's clock. It holds a
// quarter of a day's bytes and fills with the other three quarters a day. So in any
// 24 hours of one run no more than the day's bytes pass, but for
//   - what one exchange costs beyond what was expected of it (an answer that names
//     thousands of rejected lines, a batch larger than the bucket): the level goes
//     below zero and the hours behind it pay;
//   - the probes that keep a connection, in the minutes after an exchange: 104 bytes each;
//   - a goodbye, which is always said: 1 to 4 KB a run.
//
// A run starts with the reserve, a sixteenth of the day's bytes: an agent that is
// started over and over sends what it measures, and none of the backlog.
type budget struct {
	daily int64     // 0: no budget
	level float64   // bytes that may pass; below zero after an exchange that cost more
	at    time.Time // of level
}

func newBudget(daily int64, now time.Time) budget {
	b := budget{daily: daily, at: now}
	b.level = b.reserve()
	return b
}

func (b budget) capacity() float64 { return float64(b.daily) / 4 }

// reserve is what the backlog must leave for new batches.
func (b budget) reserve() float64 { return b.capacity() / 4 }

// rate is in bytes a second.
func (b budget) rate() float64 { return float64(b.daily) * 3 / 4 / (24 * 60 * 60) }

// after is the budget now, when so many bytes have passed since it was last asked.
func (b budget) after(now time.Time, passed int64) budget {
	if b.daily == 0 {
		return b
	}
	since := max(0, now.Sub(b.at))
	b.level = min(b.capacity(), b.level+since.Seconds()*b.rate()) - float64(passed)
	b.at = now
	return b
}

// wait is how long an exchange that will cost so much has to wait; 0 is not at all.
// A live one, with the newest batch alone, may take what there is; others leave the
// reserve. What is more than a full bucket waits for a full one.
func (b budget) wait(cost int64, live bool) time.Duration {
	if b.daily == 0 {
		return 0
	}
	floor := b.reserve()
	if live {
		floor = 0
	}
	need := floor + min(float64(cost), b.capacity()-floor)
	if b.level >= need {
		return 0
	}
	return time.Duration((need-b.level)/b.rate()*float64(time.Second)) + time.Second
}

// pack bounds what is packed, in bytes before compression (realistic lines shrink to a
// sixth): a quarter of the bucket, so that a request always fits in beside the reserve.
func (b budget) pack() int {
	if b.daily == 0 {
		return packBytes
	}
	return min(packBytes, int(b.capacity()/4*6))
}
