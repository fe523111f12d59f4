package say

// collectorTexts is what is said by the collector.
var collectorTexts = texts{}
