"""Audio of telephone calls: SDP, G.711, RTP, keys, playback, relay, recording, and decoding of files.

Nothing here knows of companies, calls or the HTTP API.
"""
