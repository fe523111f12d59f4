package ingest

// HoldReaders takes all readers, so that whatever comes waits for one; release gives
// them back one after the other.
func (in *Ingest) HoldReaders() (release func()) {
	for range cap(in.readers) {
		in.readers <- struct{}{}
	}
	return func() {
		for range cap(in.readers) {
			<-in.readers
		}
	}
}
