"""What other systems send, read as alerts: pure, from decoded JSON to drafts. No module here takes anything in."""
