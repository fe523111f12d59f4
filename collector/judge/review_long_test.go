//go:build integration && long

package judge_test

func init() { everyCall, backlogDays = 1, 7 }
