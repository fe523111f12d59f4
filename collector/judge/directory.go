package judge

import (
	"context"
	"crypto/sha256"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// directoryEvery is how often it is written though nothing changed: whoever looks at the
// last hours finds every name.
const directoryEvery = time.Hour

// names is what was written of the directory last, and when.
type names struct {
	at      time.Time
	sum     [sha256.Size]byte
	failing bool // that was logged
}

// noProvider stands where nobody wrote the provider down: a list cannot hold nothing.
const noProvider = "-"

// directory tells what the sites are called, at the start, at a change, and once an hour.
// The states are written whether or not this can be.
func (j *Judge) directory(ctx context.Context, now time.Time) {
	err := j.writeNames(ctx, now)
	if err != nil && ctx.Err() == nil && !j.names.failing {
		j.deps.Log.Warn("what sites are called cannot be written, trying again", "error", err)
	}
	j.names.failing = err != nil
}

func (j *Judge) writeNames(ctx context.Context, now time.Time) error {
	undated, err := j.appendNames(nil, time.Unix(0, 0))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(undated)
	if sum == j.names.sum && now.Sub(j.names.at) < directoryEvery {
		return nil
	}
	lines, err := j.appendNames(nil, now.Truncate(time.Second))
	if err != nil || len(lines) == 0 {
		return err
	}
	if err := j.deps.Store.Write(ctx, api.Raw, lines); err != nil {
		return err
	}
	j.names.at, j.names.sum = now, sum
	return nil
}

func (j *Judge) appendNames(lines []byte, at time.Time) ([]byte, error) {
	areas := map[string]string{}
	for _, a := range j.inv.Areas() {
		areas[a.Code] = a.Label(say.Vietnamese)
	}
	for i := range j.sites {
		site := &j.sites[i]
		provider := j.providerOf(site)
		if provider == "" {
			provider = noProvider
		}
		var err error
		lines, err = api.NewPoint("directory", at).
			Tag(api.TagSite, site.ID).
			Text("choice", labelOf(*site)+" | "+site.ID).
			Text("area", site.AreaCode).
			Text("area_choice", areas[site.AreaCode]+" | "+site.AreaCode).
			Text("provider", provider).
			AppendLine(lines)
		if err != nil {
			return nil, err
		}
	}
	return lines, nil
}
