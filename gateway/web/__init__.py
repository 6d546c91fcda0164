"""What people see in a browser: pages, their texts in each language, and what stands beside them; no build step."""
