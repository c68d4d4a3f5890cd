import DKIM
import Testing

/// What the DNS may show, and what it is called.
@Suite struct PublishedKeyTests {
    static let der = octets("the key")
    static let ours = "dGhlIGtleQ=="

    @Test(arguments: [
        (["v=DKIM1; k=rsa; p=\(ours)"], PublishedKey.matches),
        (["p=\(ours)"], .matches),
        (["v=DKIM1; p=dGhl IGtl\teQ==;"], .matches),
        (["v=DKIM1; k=RSA; h=sha1:sha256; s=email; t=s; n=note; p=\(ours)"], .matches),
        (["v=DKIM1; s=*; x=unknown; p=\(ours)"], .matches),
        ([], .missing),
        (["v=DKIM1; p=b3RoZXI="], .otherKey),
        (["v=DKIM1; p="], .revoked),
        (["v=DKIM1; p= ;"], .revoked),
        (["v=DKIM1; p=\(ours)", "v=DKIM1; p=\(ours)"], .several(2)),
        (["v=spf1 -all", "v=DKIM1; p=\(ours)"], .several(2)),
        (["v=spf1 -all"], .malformed("v=DKIM1 must stand first in it")),
        (["google-site-verification"], .malformed("it is no list of tag=value; …")),
        ([""], .malformed("it has no p=")),
        (["p=\(ours); v=DKIM1"], .malformed("v=DKIM1 must stand first in it")),
        (["v=DKIM2; p=\(ours)"], .malformed("v=DKIM1 must stand first in it")),
        (["v=DKIM1; k=rsa"], .malformed("it has no p=")),
        (["v=DKIM1; p=\(ours); p=\(ours)"], .malformed("a tag stands in it twice")),
        (["v=DKIM1; p=not!base64"], .malformed("its p= is no base64")),
        (["v=DKIM1; k=ed25519; p=\(ours)"], .forbidden(tag: "k=", value: "ed25519")),
        (["v=DKIM1; h=sha1; p=\(ours)"], .forbidden(tag: "h=", value: "sha1")),
        (["v=DKIM1; s=tlsrpt; p=\(ours)"], .forbidden(tag: "s=", value: "tlsrpt")),
        (["v=DKIM1; t=s:y; p=\(ours)"], .forbidden(tag: "t=", value: "s:y")),
        (["v=DKIM1; k=\u{1b}[31m; p=\(ours)"], .forbidden(tag: "k=", value: "?[31m")),
    ])
    func whatTheDNSShows(_ records: [String], _ expected: PublishedKey) {
        let found = PublishedKey(records: records.map { octets($0) }, publicKeyDER: Self.der)
        #expect(found == expected)
        #expect((found.cure == nil) == (found == .matches))
        #expect(!found.finding.isEmpty)
    }
}
