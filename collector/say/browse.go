package say

// browseTexts are those of …
var browseTexts = texts{}
