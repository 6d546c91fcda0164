"""The gateway: an asyncio daemon with its readers, stations, journal, sync, hub, pages and commands."""
