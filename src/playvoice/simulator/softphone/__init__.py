"""A phone for people: one line at any SIP server, over the same SIP and RTP as everything else here."""
