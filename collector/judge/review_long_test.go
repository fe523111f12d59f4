//go:build integration && long

package judge_test

func init() { everyCall = 1 }
