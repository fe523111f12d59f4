package say

// boardTexts is what is said by the board.
var boardTexts = texts{}
