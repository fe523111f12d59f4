package service

import (
	"testing"
)

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestASleepIsToldOnceAndEndsWithTheWaking(t *testing.T) {
	s := newSleeper()
	ready := s.fallAsleep()
	told := <-s.out
	if closed(ready) || closed(told.Woken) {
		t.Fatal("ready or woken before anybody said so")
	}
	told.Ready()
	told.Ready()
	if !closed(ready) {
		t.Error("Ready was not heard")
	}
	s.wake()
	s.wake()
	if !closed(told.Woken) {
		t.Error("the waking was not told")
	}
	select {
	case <-s.out:
		t.Error("a sleep was told twice")
	default:
	}
}

func TestASleepThatNobodyHeardIsOverWhenTheNextBegins(t *testing.T) {
	s := newSleeper()
	s.fallAsleep()
	ready := s.fallAsleep() // the waking between them was never told
	told := <-s.out
	if closed(told.Woken) {
		t.Error("the old sleep was told instead of the new one")
	}
	told.Ready()
	if !closed(ready) {
		t.Error("Ready of the new sleep was not heard")
	}
}
