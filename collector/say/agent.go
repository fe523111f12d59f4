package say

// agentTexts is what is said by the agent.
var agentTexts = texts{}
