//go:build integration && long

package lab

import "testing"

func TestTheSameBatchesInManyOrdersEndInTheSame(t *testing.T) { anyOrderEndsInTheSame(t, 40) }

func TestTheJudgeFindsWhatHappenedInLongStories(t *testing.T) { playAll(t, true) }
