"""The messages of RFC 5118, "SIP Torture Test Messages for IPv6", octet by octet, by the names of its sections.

The three with a description print another Content-Length in the RFC than their octets have; here it is the true one.
"""

from tests.unit.sip.rfc4475 import octets

_REGISTER = """REGISTER sip:{uri} SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
Contact: "Caller" <sip:caller@[2001:db8::1]>
CSeq: 98176 REGISTER
Content-Length: 0
"""
_OPTIONS = """OPTIONS sip:user@[{host}] SIP/2.0
To: sip:user@[{host}]
From: sip:user@example.com;tag=810x2
Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111
Call-ID: G9559905523997077@hlau_4100
CSeq: 689 OPTIONS
Max-Forwards: 70
Content-Length: 0
"""
_VIDEO = (
    "c=IN IP6 {host}\r\nt=3338481189 3370017201\r\nm=audio 6000 RTP/AVP 2\r\na=rtpmap:2 G726-32/8000\r\n"
    "m=video 6024 RTP/AVP 107\r\na=rtpmap:107 H263-1998/90000\r\n"
)

ALL: dict[str, bytes] = {
    # 4.1
    "ipv6-good": octets(_REGISTER.format(uri="[2001:db8::10]")),
    # 4.2
    "ipv6-bad": octets(_REGISTER.format(uri="2001:db8::10")),
    # 4.3
    "port-ambiguous": octets(_REGISTER.format(uri="[2001:db8::10:5070]")),
    # 4.4
    "port-unambiguous": octets(_REGISTER.format(uri="[2001:db8::10]:5070")),
    # 4.5
    "via-received-param-with-delim": octets(
        """BYE sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com;tag=bd76ya
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
CSeq: 321 BYE
Content-Length: 0
"""
    ),
    "via-received-param-no-delim": octets(
        """OPTIONS sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3
Call-ID: SSG95523997077@hlau_4100
Max-Forwards: 70
Contact: "Caller" <sip:caller@[2001:db8::9:1]>
CSeq: 921 OPTIONS
Content-Length: 0
"""
    ),
    # 4.6
    "ipv6-in-sdp": octets(
        """INVITE sip:user@[2001:db8::10] SIP/2.0
To: sip:user@[2001:db8::10]
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: "Caller" <sip:caller@[2001:db8::20]>
CSeq: 8612 INVITE
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: 251
""",
        (
            "v=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\ns=Live video feed for today's meeting\r\n"
            + _VIDEO.format(host="2001:db8::20")
        ).encode(),
    ),
    # 4.7
    "mult-ip-in-header": octets(
        """BYE sip:user@host.example.net SIP/2.0
Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144
Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200
Call-ID: 997077@lau_4100
Max-Forwards: 70
CSeq: 89187 BYE
To: sip:user@example.net;tag=9817--94
From: sip:user@example.com;tag=81x2
Content-Length: 0
"""
    ),
    # 4.8
    "mult-ip-in-sdp": octets(
        """INVITE sip:user@[2001:db8::10] SIP/2.0
To: sip:user@[2001:db8::10]
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: "Caller" <sip:caller@[2001:db8::9:1]>
Max-Forwards: 70
CSeq: 8912 INVITE
Content-Type: application/sdp
Content-Length: 189
""",
        b"v=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=\r\nt=0 0\r\nm=audio 22334 RTP/AVP 0\r\n"
        b"c=IN IP4 192.0.2.1\r\nm=video 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:107 H263-1998/90000\r\n",
    ),
    # 4.9
    "ipv4-mapped-ipv6": octets(
        """INVITE sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:user@east.example.com;tag=81x2
Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19
Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: "T. desk phone" <sip:ted@[::ffff:192.0.2.2]>
CSeq: 612 INVITE
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: 245
""",
        (
            "v=0\r\no=assistant 971731711378798081 0 IN IP6 ::ffff:192.0.2.2\r\ns=Call me soon, please!\r\n"
            + _VIDEO.format(host="::ffff:192.0.2.2")
        ).encode(),
    ),
    # 4.10: the grammar of RFC 3261 gives three colons, RFC 4291 and everybody else two
    "ipv6-bug-abnf-3-colons": octets(_OPTIONS.format(host="2001:db8:::192.0.2.1")),
    "ipv6-correct-abnf-2-colons": octets(_OPTIONS.format(host="2001:db8::192.0.2.1")),
}
