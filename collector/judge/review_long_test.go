//go:build integration && long

package judge_test

func init() { everyCall, everyMinute, backlogDays = 1, 1, 7 }
