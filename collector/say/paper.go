package say

// paperTexts are those of …
var paperTexts = texts{}
