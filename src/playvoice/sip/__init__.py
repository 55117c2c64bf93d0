"""SIP for somebody who places and takes calls: a sans-IO user agent by RFC 3261, and one thin asyncio module for its I/O."""
