package office

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"communewatch/agent/service"
	"communewatch/collector/api"
)

const (
	// goodbyeTime bounds the last send; a Windows service has 20 s to stop.
	goodbyeTime = 5 * time.Second
	// overslept is how long nobody may say that the machine has woken, in which it is
	// awake: then it has, or never slept.
	overslept = time.Minute
)

// farewell is what is said when the agent ends for a reason.
func farewell(cause error) api.Goodbye {
	if errors.Is(cause, service.ErrShutdown) {
		return api.GoodbyeShutdown
	}
	return api.GoodbyeStop
}

// liveOn measures and sends until ctx ends, and stops for each sleep of the machine.
func (o *Office) liveOn(ctx context.Context) error {
	for {
		sleep, slept, err := o.stayAwake(ctx)
		if !slept || err != nil {
			return err
		}
		o.sayGoodbye(ctx, api.GoodbyeSleep, service.SleepTime)
		o.log.Info("the machine goes to sleep")
		sleep.Ready()
		if !awoken(ctx, sleep) {
			return nil
		}
		o.log.Info("the machine has woken up")
		if err := o.replan(); err != nil {
			return err
		}
	}
}

// replan makes the plan that worked last anew, for the network that the machine woke up in.
func (o *Office) replan() error {
	p, err := o.plan(o.good.doc, o.good.etag, o.good.around.after(o.deps.look()), o.good)
	if err != nil {
		o.log.Warn("the network changed and cannot be measured: as before", "error", err)
		p, err = o.plan(o.good.doc, o.good.etag, o.good.around, o.good)
	}
	if err == nil {
		o.good = p
	}
	return err
}

// stayAwake measures and sends until ctx ends or the machine goes to sleep. What is
// complete by then is stored; what was under way is forgotten: a machine that slept in
// the middle of a round would invent loss.
func (o *Office) stayAwake(ctx context.Context) (sleep service.Sleep, slept bool, err error) {
	awake, lieDown := context.WithCancel(ctx)
	defer lieDown()
	sending, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSending()
	group, measuring := errgroup.WithContext(awake)
	if o.copied == nil {
		group.Go(func() error { return o.sender.Run(sending) })
	}
	group.Go(func() error {
		defer lieDown()
		defer stopSending()
		return o.measure(measuring)
	})
	group.Go(func() error {
		select {
		case <-measuring.Done():
		case sleep = <-o.deps.Sleeps:
			slept = true
			lieDown()
		}
		return nil
	})
	err = group.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return sleep, slept, err
}

// awoken waits for the end of a sleep; false means that ctx ended instead.
func awoken(ctx context.Context, sleep service.Sleep) bool {
	nobody := time.NewTimer(overslept)
	defer nobody.Stop()
	select {
	case <-sleep.Woken:
	case <-nobody.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// leave says goodbye and remembers the run.
func (o *Office) leave(ctx context.Context) {
	o.sayGoodbye(ctx, farewell(o.ending()), goodbyeTime)
	o.queue.End()
	o.leaveStatus(true)
}

// sayGoodbye sends what waits, as far as the time allows, and tells the collector that
// the silence to come is on purpose. That it cannot be told is no error: the batches
// wait on disk.
func (o *Office) sayGoodbye(ctx context.Context, why api.Goodbye, most time.Duration) {
	if o.copied != nil {
		return
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), most)
	defer cancel()
	if err := o.sender.Goodbye(limited, why); err != nil {
		o.log.Warn("goodbye was not heard", "why", string(why), "error", err)
		return
	}
	o.log.Info("goodbye is said", "why", string(why))
}
