"""The station page: what happens at the line, live, for its operator; what happened, and who may stop it."""
