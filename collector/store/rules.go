package store

// The rules that keep one code on every engine that speaks InfluxDB's two APIs. They
// were found by asking InfluxDB 1.8.10, a clustered 1.8 and openGemini the same
// things; the tests name the rule that they guard.
//
// Writing
//
//	W1  The credential is one opaque string, sent as "Token …" on both APIs. Making
//	    buckets is optional: they may be there already.
//	W2  Types are fixed before the first write. No NaN, infinity, unsigned integer, empty
//	    tag, tag twice, raw newline or name used for a tag and a field; integers
//	    within ±2^53; times in nanoseconds.
//	W3  The body of an answer decides before its status: a partial write, a field type
//	    conflict or a line that cannot be parsed is final even with a 500, and the
//	    other points may be in or not, so the block is halved down to the line.
//	    A missing database is an operator's mistake: keep everything.
//	W4  A 204 says nothing about each line, so each is checked before it is sent.
//	W5  The cost follows values, not points: few fields; up to 20,000 lines a block,
//	    two writers.
//
// Reading
//
//	R6  Database and policy are parameters, never in the statement; every aggregate
//	    has a range and an interval.
//	R7  No LIMIT with GROUP BY a tag, no SLIMIT. The newest is last(f) … GROUP BY.
//	R8  Tags match by equality and OR; nothing from outside is unescaped.
//	R9  Results are sorted here, columns found by name, a missing series is empty; an
//	    answer that is not whole is no answer.
//	R10 No DELETE, DROP SERIES, INTO or continuous query: what expires, expires by
//	    retention.
//	R11 Alive is /ping answering 204.
